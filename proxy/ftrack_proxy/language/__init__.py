"""The query language: expression text in, a typed tree out (ftrack-protocol 4)."""
