-- Notification rules at work: events of a batch that a rule asks for become squawks in the same transaction.

create function fleet_log.fill_in(template text, fields jsonb)
returns text
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- In one pass: braces in what is filled in are text.
    return (select string_agg(case when m.piece[1] ~ '^\{.+\}$'
                                   then coalesce(fields #>> string_to_array(btrim(m.piece[1], '{}'), '.'), '-')
                                   else m.piece[1] end, '' order by m.n)
              from regexp_matches(template, '([^{]+|\{[a-z_][a-z0-9_.]*\}|\{)', 'g') with ordinality m(piece, n));
end $$;
comment on function fleet_log.fill_in is
    'A template with {field}s filled in; - where there is none. Example: select fleet_log.fill_in(''{pilot}: {error.message}'', ''{"pilot": "viper-1"}'')';

create function fleet_log.event_subject(e fleet_log.events)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    about jsonb;
begin
    -- What an event is about: {mission_id, sortie_id, priority, title}.
    case e.stream_type
        when 'mission' then
            select jsonb_build_object('mission_id', m.mission_id, 'priority', m.priority, 'title', m.title) into about
              from fleet_state.missions m where m.mission_id = e.stream_id;
        when 'sortie' then
            select jsonb_build_object('mission_id', s.mission_id, 'sortie_id', s.sortie_id, 'priority', s.priority,
                                      'title', s.title, 'pilot', s.pilot) into about
              from fleet_state.sorties s where s.sortie_id = e.stream_id;
        when 'work_order' then
            select jsonb_build_object('mission_id', s.mission_id, 'sortie_id', o.sortie_id, 'title', o.kind,
                       'priority', (array['low', 'medium', 'high', 'critical'])[o.rank + 1]) into about
              from fleet_state.work_orders o
              left join fleet_state.sorties s on s.sortie_id = o.sortie_id
             where o.work_order_id = e.stream_id;
        when 'message' then
            select jsonb_build_object('mission_id', m.mission_id, 'sortie_id', m.sortie_id, 'title', m.subject,
                       'priority', case m.importance when 'urgent' then 'critical' when 'normal' then 'medium'
                                                     else m.importance end) into about
              from fleet_state.messages m where m.message_id = e.stream_id;
        else
            about := jsonb_build_object('mission_id', e.data -> 'mission_id', 'sortie_id', e.data -> 'sortie_id',
                                        'title', coalesce(e.data ->> 'callsign', e.data ->> 'name', e.data ->> 'title',
                                                          e.data ->> 'reason', e.stream_id),
                                        'priority', e.data -> 'priority');
    end case;
    return jsonb_strip_nulls(coalesce(about, '{}'));
end $$;
comment on function fleet_log.event_subject is
    'Mission, sortie, priority and title of what an event is about. Example: select fleet_log.event_subject(e) from fleet_log.events e where e.seq = 1';

create function fleet_log.rule_wants(r fleet_state.notification_rules, project text, about jsonb, data jsonb)
returns boolean
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    steps constant text[] := '{low,medium,high,critical}';
begin
    -- What belongs to no project (hosts, a halt of the fleet) reaches the rules that name one: mail lives in projects.
    return case when project = '' then r.project is not null else r.project is null or r.project = rule_wants.project end
       and (r.mission_id is null or r.mission_id = about ->> 'mission_id')
       and (r.min_priority is null
            or coalesce(array_position(steps, about ->> 'priority') >= array_position(steps, r.min_priority), false))
       and data @> r.contains;
end $$;
comment on function fleet_log.rule_wants is
    'True if a rule asks for what happened. Example: select fleet_log.rule_wants(r, ''demo'', ''{"priority":"high"}'', ''{}'') from fleet_state.notification_rules r';

create function fleet_log.tell(
    w fleet_log.work, r fleet_state.notification_rules, project text, importance text, fields jsonb, cause text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    was fleet_log.work := w;
begin
    w.project := tell.project;
    w.actor := 'system';
    w.code := null;
    -- How the messages of rules are told from others: no rule looks at them.
    w.metadata := jsonb_build_object('source', 'rule', 'rule', r.name);
    w := fleet_log.send_squawk(w, 'system', r.recipients, coalesce(fleet_log.fill_in(r.subject, fields), r.name),
        coalesce(fleet_log.fill_in(r.body, fields), format(E'%s in %s, by %s.\n\n%s\n\nRule: %s', fields ->> 'what',
                 tell.project, fields ->> 'actor', jsonb_pretty(fields -> 'data'), r.name)),
        jsonb_strip_nulls(jsonb_build_object('importance', tell.importance, 'causation_id', tell.cause,
            'mission_id', fields -> 'mission_id', 'sortie_id', fields -> 'sortie_id')));
    was.head := w.head;
    was.seq := w.seq;
    was.event_id := w.event_id;
    return was;
exception when others then
    -- What is told of must not fail because of who is told: the work stands, the fault is in the server's log.
    raise warning 'the notification rule % could not tell of %: %', r.name, tell.cause, sqlerrm;
    return was;
end $$;
comment on function fleet_log.tell is
    'Sends the squawk of a rule. Example, in apply_rules: w := fleet_log.tell(w, rule, ''demo'', ''high'', fields, event_id)';

create function fleet_log.apply_rules(w fleet_log.work, from_seq bigint)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    to_seq constant bigint := w.head;
    was constant fleet_log.work := w;
    most constant int := 20;
    item record;
    fields jsonb;
begin
    for item in
        select x.e, x.r, x.about, row_number() over (partition by (x.r).name order by (x.e).seq) as n,
               count(*) over (partition by (x.r).name) as of
          from (select e, r, fleet_log.event_subject(e) as about
                  from fleet_log.events e
                  join fleet_state.notification_rules r on r.state = 'enabled' and e.type = any(r.types)
                                                       -- Not what happened before it was set.
                                                       and e.seq > r.last_seq
                 where e.seq between apply_rules.from_seq and to_seq
                   -- Who appends may put what he likes into metadata: that alone hides nothing.
                   and (e.actor = 'system' and e.metadata ->> 'source' = 'rule') is not true) x
         where fleet_log.rule_wants(x.r, (x.e).project, x.about, (x.e).data)
         order by (x.e).seq, (x.r).name
    loop
        -- A flood is told of in one squawk, not in a thousand: everybody waits for this transaction.
        continue when item.n > most;
        fields := (item.e).data || item.about || jsonb_build_object(
            'type', (item.e).type, 'what', replace((item.e).type, '_', ' ') || case when item.n = most and item.of > most
                then format(', and %s more', item.of - most) else '' end,
            'project', (item.e).project, 'actor', (item.e).actor, 'stream_id', (item.e).stream_id, 'seq', (item.e).seq,
            'at', fleet_log.json_time((item.e).recorded_at), 'data', (item.e).data);
        w := fleet_log.tell(w, item.r, coalesce(nullif((item.e).project, ''), (item.r).project), (item.r).importance,
                            fields, (item.e).event_id);
    end loop;
    return w;
exception when others then
    raise warning 'notification rules were not applied to the events % to %: %', from_seq, to_seq, sqlerrm;
    return was;
end $$;
comment on function fleet_log.apply_rules is
    'Sends the squawks that rules want for the events from from_seq to w.head; messages of rules trigger none. Example, in fleet.act: w := fleet_log.apply_rules(w, start + 1)';
