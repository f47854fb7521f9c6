"""The ftrack server behind the proxy: whole answers for the API, streams for everything else."""
