"""Why a query is answered as it is, for people. Pure."""
