"""A result as bytes on disk: a line of JSON, then the body. Nothing that would need unpickling."""

from __future__ import annotations

import math
import zlib

import orjson

from ftrack_proxy.judging.result import Result
from ftrack_proxy.judging.validity import Moment, Validity
from ftrack_proxy.queries.terms import Terms
from ftrack_proxy.values.epoch import Epoch


class DamagedRecord(Exception):
    """The bytes are not a record that this version wrote."""


def encode_record(result: Result) -> bytes:
    """Write a result; ``decode_record`` reads it back."""
    validity, began = result.validity, result.validity.began
    header = {
        "crc": zlib.crc32(result.body),
        "http_status": result.http_status,
        "content_type": result.content_type,
        "families": None if result.families is None else sorted(result.families),
        "began": [began.log, began.seq, began.epoch.feed, began.epoch.number, began.live, began.at],
        "max_age": result.terms.max_age,
        "evented": result.terms.event_invalidated,
        "good_through": validity.good_through,
        "complete": result.complete,
        "fresh_until": None if validity.fresh_until == math.inf else validity.fresh_until,
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
        log, seq, feed, number, live, at = header["began"]
        families, fresh_until = header["families"], header["fresh_until"]
        return Result(
            body=body,
            http_status=int(header["http_status"]),
            content_type=str(header["content_type"]),
            families=None if families is None else frozenset(families),
            validity=Validity(
                Moment(int(seq), Epoch(str(feed), int(number)), bool(live), float(at), str(log)),
                int(header["good_through"]),
                math.inf if fresh_until is None else float(fresh_until),
            ),
            terms=Terms(float(header["max_age"]), event_invalidated=bool(header["evented"]), durable=True),
            durable=True,
            complete=bool(header["complete"]),
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise DamagedRecord(type(error).__name__) from None
