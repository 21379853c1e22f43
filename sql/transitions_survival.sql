-- The state machines of checkpoints and rulings, as rows.

insert into fleet_log.transitions (entity, from_state, event, to_state, guard) values
    ('checkpoint', 'none', 'checkpoint_created', 'available', null),
    ('checkpoint', 'available', 'checkpoint_restored', 'consumed', 'role operator'),
    ('checkpoint', 'consumed', 'checkpoint_restored', 'consumed', 'by force, and only what is missing again'),
    ('checkpoint', 'consumed', 'fleet_recovered', 'consumed', 'in the transaction that restored it'),
    ('checkpoint', 'available', 'checkpoint_deleted', 'deleted', 'role operator, or the policy'),
    ('checkpoint', 'consumed', 'checkpoint_deleted', 'deleted', 'role operator, or the policy'),
    ('ruling', 'none', 'ruling_recorded', 'in_force', 'role operator'),
    ('ruling', 'in_force', 'ruling_revoked', 'revoked', 'role operator');
