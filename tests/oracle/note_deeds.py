"""Changes of notes: threads, labels, recipients."""

from __future__ import annotations

from tests.oracle.writing import Chance, Operation, created, deleted, updated


class NoteDeeds(Chance):
    """What happens to notes; of labels and recipients no event tells."""

    def write_note(self) -> list[Operation]:
        on = self._there.pick(self._chance.choice(("Task", "Task", "Shot", "AssetVersion")))
        if on is None:
            return []
        values = {"parent_id": on["id"], "parent_type": on["__type__"], "content": self._word()}
        return [created("Note", id=self._there.new_id(), date=self._moment(), **values)]

    def reply(self) -> list[Operation]:
        note = self._there.pick("Note")
        if note is None:
            return []
        values = {"parent_id": note["parent_id"], "parent_type": note["parent_type"], "in_reply_to_id": note["id"]}
        return [created("Note", id=self._there.new_id(), content=self._word(), date=self._moment(), **values)]

    def edit_note(self) -> list[Operation]:
        note = self._there.pick("Note")
        if note is None:
            return []
        who = self._chance.choice((*self._there.users, None))
        choices = ({"content": self._word()}, {"is_todo": self._chance.random() < 0.5}, {"completed_by_id": who})
        values = self._chance.choice(choices)
        return [updated("Note", note["id"], **values)]

    def remove_note(self) -> list[Operation]:
        note = self._there.pick("Note")
        return [deleted("Note", note["id"])] if note is not None else []

    def label(self) -> list[Operation]:
        """A label comes to a note or goes from it, or the category that labels have replaced is written."""
        note, link = self._there.pick("Note"), self._there.pick("NoteLabelLink")
        label = self._any("NoteCategory")["id"]
        chosen = self._chance.random()
        if link is not None and chosen < 0.4:
            return [deleted("NoteLabelLink", [link["note_id"], link["label_id"]])]
        if note is None or label is None:
            return []
        if chosen < 0.6:
            return [updated("Note", note["id"], category_id=self._chance.choice((label, None)))]
        return [created("NoteLabelLink", note_id=note["id"], label_id=label)]

    def address(self) -> list[Operation]:
        """Somebody becomes a recipient of a note, or is none any more."""
        note, row = self._there.pick("Note"), self._there.pick("Recipient")
        if row is not None and self._chance.random() < 0.4:
            return [deleted("Recipient", [row["note_id"], row["resource_id"]])]
        who = self._chance.choice(self._there.users)
        return [created("Recipient", note_id=note["id"], resource_id=who)] if note is not None else []
