-- The operations on files and the shape of their arguments, as rows.

insert into fleet_log.commands (op, family, project, fence, role, words) values
    ('reserve', 'reservation', 'registered', 'optional', null, 'Reserves files, all patterns or none; waits in line if asked to.'),
    ('extend', 'reservation', 'registered', 'required', null, 'Makes a reservation last longer, counted from now.'),
    ('release', 'reservation', 'registered', 'required', null, 'Gives files back; who waits first has them.'),
    ('release_all', 'reservation', 'registered', 'optional', null, 'Gives back everything the caller holds or waits for.'),
    ('force_release', 'reservation', 'registered', 'optional', 'operator', 'Takes files away from their holder.'),
    ('end_wait', 'reservation', 'registered', 'optional', null, 'Leaves the line.'),
    ('grant_waiters', 'reservation', 'registered', 'optional', null, 'Lets in who waits for files that have lapsed.');

insert into fleet_log.command_fields (op, field, kind, required, least, most, pattern, one_of) values
    ('reserve', 'patterns', 'texts', true, 1, 64, null, null),
    ('reserve', 'reservation_id', 'text', false, 30, 30, '^rsv_[0-7][0-9a-hjkmnp-tv-z]{25}$', null),
    ('reserve', 'mode', 'text', false, null, 20, null, '{exclusive,shared}'),
    ('reserve', 'purpose', 'text', false, null, 20, null, '{edit,read,review,delete}'),
    ('reserve', 'reason', 'text', false, 0, 2000, null, null),
    ('reserve', 'ttl_seconds', 'int', false, 1, 31536000, null, null),
    ('reserve', 'wait_seconds', 'int', false, 0, 86400, null, null),
    ('reserve', 'priority', 'text', false, null, 20, null, '{low,medium,high,critical}'),
    ('reserve', 'sortie_id', 'text', false, 1, 100, null, null),
    ('reserve', 'dry_run', 'bool', false, null, null, null, null),
    ('extend', 'reservation_id', 'text', true, 1, 100, null, null),
    ('extend', 'ttl_seconds', 'int', true, 1, 31536000, null, null),
    ('release', 'reservation_id', 'text', true, 1, 100, null, null),
    ('force_release', 'reservation_id', 'text', true, 1, 100, null, null),
    ('force_release', 'reason', 'text', true, 1, 2000, null, null),
    ('force_release', 'evidence', 'text', false, 0, 4000, null, null),
    ('end_wait', 'reservation_id', 'text', true, 1, 100, null, null),
    ('end_wait', 'outcome', 'text', false, null, 20, null, '{cancelled,timeout}');
