# Tests that are programs of their own: the server of the run, pgTAP, end to end, house rules.
