-- Notification rules: what they may say, setting and removing them. rules_apply.sql carries them out.

create view fleet_log.notification_rule_items as
select r.name, r.state, r.project, jsonb_strip_nulls(jsonb_build_object(
           'name', r.name, 'status', r.state,
           'on', jsonb_build_object('types', r.types, 'project', r.project, 'mission_id', r.mission_id,
                                    'min_priority', r.min_priority, 'contains', nullif(r.contains, '{}')),
           'to', r.recipients, 'importance', r.importance, 'subject', r.subject, 'body', r.body,
           'escalate_after_seconds', r.escalate_after_seconds, 'set_by', r.set_by,
           'set_at', fleet_log.json_time(r.set_at), 'stream_version', r.version, 'last_seq', r.last_seq)) as item
  from fleet_state.notification_rules r;
comment on view fleet_log.notification_rule_items is 'Notification rules as JSON.';
comment on column fleet_log.notification_rule_items.item is 'The JSON object.';
comment on column fleet_log.notification_rule_items.state is 'enabled, disabled or removed, to filter by.';

create function fleet_log.rule_problem(args jsonb)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    asked jsonb := args -> 'on';
    bad jsonb;
    item record;
begin
    bad := fleet_log.field_problem('[{"name": "types", "type": "strings", "min": 1, "max": 50, "item_max": 130},
        {"name": "project", "type": "string", "optional": true, "min": 1, "max": 200},
        {"name": "mission_id", "type": "string", "optional": true, "min": 1, "max": 100},
        {"name": "min_priority", "type": "string", "optional": true, "enum": ["low", "medium", "high", "critical"]},
        {"name": "contains", "type": "object", "optional": true, "min": 0, "max": 0}]',
        jsonb_strip_nulls(asked), '/args/on');
    if bad is not null then
        return bad;
    elsif octet_length((asked -> 'contains')::text) > 4096 then
        return jsonb_build_object('code', 'too_large', 'field', '/args/on/contains', 'message', 'it is over 4 KiB');
    elsif jsonb_strip_nulls(asked -> 'contains') <> asked -> 'contains' then
        return jsonb_build_object('code', 'invalid_field', 'field', '/args/on/contains',
                                  'message', 'events have no null values');
    end if;
    for item in select t.v, t.n - 1 as n from jsonb_array_elements_text(asked -> 'types') with ordinality t(v, n) loop
        if item.v not in ('mail_unanswered', 'blocker_unanswered') and item.v !~ '^x\.[a-z0-9][a-z0-9_.-]{0,62}$'
           and not exists (select from fleet_log.event_types t where t.type = item.v) then
            return jsonb_build_object('code', 'invalid_field', 'field', '/args/on/types/' || item.n, 'message',
                'there is no event type ' || item.v,
                'hint', 'types: docs/reference/events.md, x.NAME, mail_unanswered, blocker_unanswered');
        end if;
    end loop;
    for item in select t.v, t.n - 1 as n from jsonb_array_elements_text(args -> 'to') with ordinality t(v, n) loop
        if item.v !~ '^([a-z][a-z0-9-]{0,62}|role:.{1,100})$' then
            return jsonb_build_object('code', 'invalid_field', 'field', '/args/to/' || item.n, 'message',
                'must be a callsign, role:NAME or operator');
        end if;
    end loop;
    if asked ->> 'project' is not null
       and not exists (select from fleet_state.projects p where p.project = asked ->> 'project') then
        return jsonb_build_object('code', 'not_found', 'field', '/args/on/project',
                                  'message', 'no project ' || (asked ->> 'project'));
    elsif asked ->> 'mission_id' is not null
       and not exists (select from fleet_state.missions m where m.mission_id = asked ->> 'mission_id') then
        return jsonb_build_object('code', 'not_found', 'field', '/args/on/mission_id', 'hint', 'give the whole id',
                                  'message', 'no mission ' || (asked ->> 'mission_id'));
    elsif args ->> 'escalate_after_seconds' is not null
       and not asked -> 'types' ?| '{mail_unanswered,blocker_unanswered}' then
        return jsonb_build_object('code', 'invalid_field', 'field', '/args/escalate_after_seconds', 'message',
            'is for rules on mail_unanswered or blocker_unanswered');
    elsif args ->> 'subject' ~ '[[:cntrl:]]' then
        return jsonb_build_object('code', 'invalid_field', 'field', '/args/subject', 'message', 'must be one line');
    end if;
    return null;
end $$;
comment on function fleet_log.rule_problem is
    'What is wrong with a rule beyond the shape of its fields, or null. Example: select fleet_log.rule_problem(''{"on": {"types": ["nope"]}, "to": ["operator"]}'')';

create function fleet_log.do_set_notification_rule(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    name text := w.args ->> 'name';
    bad jsonb := fleet_log.rule_problem(w.args);
    asked_in text := w.project;
    on_time boolean := (w.args #> '{on,types}') ?| '{mail_unanswered,blocker_unanswered}';
    old fleet_state.notification_rules;
    rule jsonb;
begin
    if bad is not null then
        return fleet_log.refuse(w, bad ->> 'code', bad ->> 'field', bad ->> 'message', bad ->> 'hint');
    end if;
    select * into old from fleet_state.notification_rules r where r.name = w.args ->> 'name';
    rule := jsonb_strip_nulls((w.args -> 'on') || jsonb_build_object('name', name,
        'enabled', coalesce((w.args ->> 'enabled')::boolean, true), 'to', w.args -> 'to',
        'importance', coalesce(w.args ->> 'importance', 'normal'),
        'subject', coalesce(nullif(w.args ->> 'subject', ''), '{what}: {title}'), 'body', nullif(w.args ->> 'body', ''),
        'escalate_after_seconds', case when on_time then coalesce((w.args ->> 'escalate_after_seconds')::int, 900) end));
    -- Nothing new is nothing written: a plan may be applied again and again.
    if old.state in ('enabled', 'disabled') and rule = (
        select e.data -> 'rule' from fleet_log.events e where e.stream_id = 'rule:' || name
         order by e.stream_version desc limit 1) then
        w.result := (select i.item from fleet_log.notification_rule_items i where i.name = w.args ->> 'name');
        return w;
    end if;
    w := fleet_log.check_transition(w, 'notification rule', coalesce(old.state, 'none'), 'notification_rule_set',
                                    case when (rule ->> 'enabled')::boolean then 'enabled' else 'disabled' end);
    if w.code is not null then
        return w;
    end if;
    w.project := '';   -- its name is unique in the fleet
    w := fleet_log.put(w, 'notification_rule_set', 'notification_rule', 'rule:' || name,
                       jsonb_build_object('by', w.actor, 'rule', rule));
    w.project := asked_in;
    w.result := (select i.item from fleet_log.notification_rule_items i where i.name = w.args ->> 'name');
    return w;
end $$;
comment on function fleet_log.do_set_notification_rule is
    'Command set_notification_rule, of operators. Example: select * from fleet.set_notification_rule(''done'', ''{mission_completed}'', ''{operator}'')';

create function fleet_log.do_remove_notification_rule(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    old fleet_state.notification_rules;
    asked_in text := w.project;
begin
    select * into old from fleet_state.notification_rules r where r.name = w.args ->> 'name';
    if old.name is null then
        return fleet_log.refuse(w, 'not_found', '/args/name', 'no notification rule ' || (w.args ->> 'name'),
                                'fleet rules list');
    end if;
    w := fleet_log.check_transition(w, 'notification rule', old.state, 'notification_rule_removed');
    if w.code is not null then
        return w;
    end if;
    w.project := '';
    w := fleet_log.put(w, 'notification_rule_removed', 'notification_rule', 'rule:' || old.name, jsonb_build_object(
        'by', w.actor, 'name', old.name, 'reason', nullif(w.args ->> 'reason', '')));
    w.project := asked_in;
    w.result := (select i.item from fleet_log.notification_rule_items i where i.name = old.name);
    return w;
end $$;
comment on function fleet_log.do_remove_notification_rule is
    'Command remove_notification_rule, of operators. Example: select * from fleet.remove_notification_rule(''done'')';
