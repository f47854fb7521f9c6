"""A minimal client of the event hub: socket.io 0.9 over a WebSocket, in a thread's control."""

from __future__ import annotations

import json
import uuid
from typing import Any

import requests
import websocket

from tests.harness import PATIENCE


class HubClient:
    """Connects like ftrack's Python client does, and shows what comes in."""

    def __init__(self, url: str, user: str, key: str) -> None:
        headers = {"ftrack-user": user, "ftrack-api-key": key}
        with requests.get(f"{url}/socket.io/1/", headers=headers, timeout=PATIENCE) as answer:
            answer.raise_for_status()
            session_id = answer.text.split(":")[0]
        self._user = user
        self._number = 0
        self._socket = websocket.create_connection(
            f"{url.replace('http', 'ws', 1)}/socket.io/1/websocket/{session_id}", timeout=PATIENCE
        )
        while not self._socket.recv().startswith("1:"):
            pass

    def __enter__(self) -> HubClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def subscribe(self, expression: str) -> None:
        """Subscribe and wait for the acknowledgement."""
        data = {"subscriber": {"id": uuid.uuid4().hex}, "subscription": expression}
        self.publish("ftrack.meta.subscribe", data)
        while not self._socket.recv().startswith("6:"):
            pass

    def publish(self, topic: str, data: Any) -> None:
        self._number += 1
        event = {
            "id": uuid.uuid4().hex,
            "topic": topic,
            "data": data,
            "sent": None,
            "target": "",
            "inReplyToEvent": None,
            "source": {"id": uuid.uuid4().hex, "user": {"username": self._user}},
        }
        self._socket.send(f"5:{self._number}+::{json.dumps({'name': 'ftrack.event', 'args': [event]})}")

    def wait_for(self, topic: str) -> dict[str, Any]:
        """Return the next event with this topic."""
        while True:
            frame = self._socket.recv()
            if frame.startswith("2:"):
                self._socket.send("2:::")
            if frame.startswith("5:"):
                event: dict[str, Any] = json.loads(frame.split(":", 3)[3])["args"][0]
                if event["topic"] == topic:
                    return event
