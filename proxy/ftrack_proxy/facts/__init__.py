"""What ftrack does that no schema document says: plain rows, each with its source, one module a subject.

The code reads these rows, and so do people: docs/ftrack-facts.md is made from them. What follows from a row under one
workspace's schema is worked out elsewhere.
"""
