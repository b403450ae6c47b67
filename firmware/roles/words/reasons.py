"""Why a command was refused, in four 7-segment characters; the codes of faults go before these."""

REASONS = {
    "empty": "SEPI",  # nobody is waiting
    "closed": "TUTP",
    "full": "PENH",
    "no_ticket": "NOTA",
    "wrong_state": "SALH",
    "unknown_counter": "LOC-",
    "unknown_service": "LAY-",
    "not_leader": "LEAD",
    "no_day": "HARI",
    "journal_full": "FULL",
    "expired": "ULAN",
}
