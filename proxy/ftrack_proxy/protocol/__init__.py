"""What ftrack says on the wire: bytes in, values out. No I/O, no clock."""
