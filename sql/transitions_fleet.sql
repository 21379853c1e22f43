-- The state machines of halts and notification rules, as rows.

insert into fleet_log.transitions (entity, from_state, event, to_state, guard) values
    ('halt', 'none', 'fleet_halted', 'halted', 'role operator, with a reason'),
    ('halt', 'halted', 'fleet_halted', 'halted', 'the reason changed'),
    ('halt', 'lifted', 'fleet_halted', 'halted', null),
    ('halt', 'halted', 'fleet_resumed', 'lifted', 'role operator'),
    ('notification rule', 'none', 'notification_rule_set', 'enabled', 'role operator'),
    ('notification rule', 'none', 'notification_rule_set', 'disabled', 'role operator'),
    ('notification rule', 'enabled', 'notification_rule_set', 'enabled', 'it changed'),
    ('notification rule', 'enabled', 'notification_rule_set', 'disabled', null),
    ('notification rule', 'disabled', 'notification_rule_set', 'enabled', null),
    ('notification rule', 'disabled', 'notification_rule_set', 'disabled', 'it changed'),
    ('notification rule', 'removed', 'notification_rule_set', 'enabled', null),
    ('notification rule', 'removed', 'notification_rule_set', 'disabled', null),
    ('notification rule', 'enabled', 'notification_rule_removed', 'removed', 'role operator'),
    ('notification rule', 'disabled', 'notification_rule_removed', 'removed', 'role operator');
