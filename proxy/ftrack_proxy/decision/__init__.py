"""What to do with each read of a batch, decided from values: nothing here waits, stores, counts or asks anybody.

::

    AtHand -> decide -> Serve | Look | Miss | Refuse            (is there an answer at hand?)
                               |
       Miss + Surroundings -> ask -> Join | Fetch (a plan)      (how is ftrack asked best?)
                               |
             AtHand + FetchOutcome -> conclude -> Serve | Miss | Refuse

`request.gather` collects the values, `request.perform` carries the decisions out.
"""
