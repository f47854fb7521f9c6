"""What is known while the proxy runs: what has happened, whom ftrack accepts, its schema, who asked, what comes."""
