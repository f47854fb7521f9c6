"""A result as bytes on disk: a line of JSON, then the body. Nothing that would need unpickling."""

from __future__ import annotations

import math
import zlib

import orjson

from ftrack_proxy.judging.result import Moment, Result


class DamagedRecord(Exception):
    """The bytes are not a record that this version wrote."""


def encode_record(result: Result) -> bytes:
    """Write a result; ``decode_record`` reads it back."""
    header = {
        "crc": zlib.crc32(result.body),
        "http_status": result.http_status,
        "content_type": result.content_type,
        "families": None if result.families is None else sorted(result.families),
        "began": [result.began.seq, result.began.epoch, result.began.live, result.began.at],
        "max_age": result.max_age,
        "evented": result.event_invalidated,
        "good_through": result.good_through,
        "complete": result.complete,
        "fresh_until": None if result.fresh_until == math.inf else result.fresh_until,
    }
    return orjson.dumps(header) + b"\n" + result.body


def decode_record(record: bytes) -> Result:
    """Read what ``encode_record`` wrote.

    Raises:
        DamagedRecord: for anything else, flipped bits in the body included.
    """
    line, _, body = record.partition(b"\n")
    try:
        header = orjson.loads(line)
        if header["crc"] != zlib.crc32(body):
            raise DamagedRecord("checksum")
        seq, epoch, live, at = header["began"]
        families = header["families"]
        return Result(
            body=body,
            http_status=int(header["http_status"]),
            content_type=str(header["content_type"]),
            families=None if families is None else frozenset(families),
            began=Moment(int(seq), int(epoch), bool(live), float(at)),
            max_age=float(header["max_age"]),
            event_invalidated=bool(header["evented"]),
            durable=True,
            good_through=int(header["good_through"]),
            complete=bool(header["complete"]),
            fresh_until=math.inf if header["fresh_until"] is None else float(header["fresh_until"]),
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise DamagedRecord(type(error).__name__) from None
