-- The state machine of a work order, as rows.

insert into fleet_log.transitions (entity, from_state, event, to_state, guard) values
    ('work order', 'none', 'work_order_created', 'pending', null),
    ('work order', 'pending', 'work_order_claimed', 'claimed', 'it is ready: what it depends on is completed, its time has come'),
    ('work order', 'pending', 'work_order_cancelled', 'cancelled', null),
    ('work order', 'claimed', 'work_order_completed', 'completed', 'with the token of the claim'),
    ('work order', 'claimed', 'work_order_failed', 'failed', 'attempts are left; a requeue follows in the same transaction'),
    ('work order', 'claimed', 'work_order_failed', 'dead', 'no attempts are left, or none are wanted'),
    ('work order', 'claimed', 'work_order_requeued', 'pending', 'its lease expired or its claimer was lost'),
    ('work order', 'claimed', 'work_order_cancelled', 'cancelled', null),
    ('work order', 'failed', 'work_order_requeued', 'pending', 'after its back-off'),
    ('work order', 'dead', 'work_order_requeued', 'pending', 'somebody sends it again');
