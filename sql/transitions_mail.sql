-- A squawk in one mailbox, as rows; the message itself has no state but that of its mailboxes.

insert into fleet_log.transitions (entity, from_state, event, to_state, guard) values
    ('message recipient', 'none', 'message_sent', 'unread', null),
    ('message recipient', 'unread', 'message_updated', 'unread', 'by the sender, before anybody has read it'),
    ('message recipient', 'unread', 'message_read', 'read', 'by the recipient; for the mailbox operator by an operator'),
    ('message recipient', 'unread', 'message_acked', 'acked', 'likewise; includes having read it'),
    ('message recipient', 'read', 'message_acked', 'acked', 'likewise'),
    ('message recipient', 'unread', 'message_bounced', 'bounced',
     'nobody has the callsign, its pilot is deregistered, or stale and the sender did not want to wait');
