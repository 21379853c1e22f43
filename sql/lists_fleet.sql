-- What the faces list and show of halts, notification rules and single pilots; lists.sql has the rules.

create function fleet.list_halts(filter jsonb default '{}')
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return query
    select i.item::text, i.halt_id::text from fleet_log.halt_items i
     where (nullif(filter ->> 'project', '') is null or i.project in (filter ->> 'project', ''))
       and (fleet_log.words(filter, 'scope_kind') is null or i.scope_kind = any(fleet_log.words(filter, 'scope_kind')))
       and i.state = any(coalesce(fleet_log.words(filter, 'status'), '{halted}'))
       and (filter ->> 'after' is null or i.halt_id > filter ->> 'after')
     order by i.halt_id limit fleet_log.page_size(filter);
end $$;
comment on function fleet.list_halts is
    'Halts as JSON: project (with those of the fleet), scope_kind, status (default halted), limit, after. Example: select * from fleet.list_halts(''{"project":"demo"}'')';

create function fleet.list_notification_rules(filter jsonb default '{}')
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return query
    select i.item::text, i.name::text from fleet_log.notification_rule_items i
     where (nullif(filter ->> 'project', '') is null or i.project is null or i.project = filter ->> 'project')
       and (filter ->> 'name' is null or i.name = filter ->> 'name')
       and i.state = any(coalesce(fleet_log.words(filter, 'status'), '{enabled,disabled}'))
       and (filter ->> 'after' is null or i.name > filter ->> 'after')
     order by i.name limit fleet_log.page_size(filter);
end $$;
comment on function fleet.list_notification_rules is
    'Notification rules as JSON: project, name, status (default enabled,disabled), limit, after. Example: select * from fleet.list_notification_rules(''{}'')';

create function fleet.show_pilot(filter jsonb)
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return query
    select (i.item || jsonb_build_object(
               'holds', (select coalesce(jsonb_agg(jsonb_build_object('reservation_id', r.reservation_id, 'mode', r.mode,
                                                                      'patterns', r.patterns) order by r.reservation_id), '[]')
                           from fleet_state.reservations r
                          where r.project = i.project and r.holder = i.callsign and r.state = 'active'),
               'waits_for', (select coalesce(jsonb_agg(jsonb_build_object('reservation_id', q.reservation_id,
                                                                          'patterns', q.patterns) order by q.arrival), '[]')
                               from fleet_state.reservation_requests q
                              where q.project = i.project and q.holder = i.callsign and q.state = 'waiting'),
               'sorties', (select coalesce(jsonb_agg(jsonb_build_object('sortie_id', s.sortie_id, 'title', s.title,
                                                                        'status', s.state) order by s.sortie_id), '[]')
                             from fleet_state.sorties s
                            where s.project = i.project and s.pilot = i.callsign
                              and s.state in ('assigned', 'in_progress', 'blocked', 'review')),
               'work_orders', (select coalesce(jsonb_agg(jsonb_build_object('work_order_id', o.work_order_id, 'kind', o.kind)
                                                         order by o.work_order_id), '[]')
                                 from fleet_state.work_orders o
                                where o.project = i.project and o.claimed_by = i.callsign and o.state = 'claimed'),
               'capability_history', (
                   select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('at', fleet_log.json_time(e.recorded_at),
                              'by', e.actor, 'added', e.data -> 'added', 'removed', e.data -> 'removed',
                              'evidence', e.data -> 'evidence')) order by e.seq desc), '[]')
                     from (select * from fleet_log.events v where v.stream_id = i.item ->> 'pilot_id'
                              and v.type = 'pilot_capabilities_changed' order by v.stream_version desc limit 20) e)))::text,
           i.project || ' ' || i.callsign
      from fleet_log.pilot_items i
     where i.project = filter ->> 'project' and i.callsign = filter ->> 'callsign';
end $$;
comment on function fleet.show_pilot is
    'One pilot as JSON, with what it holds, waits for and works on, and what was said of its capabilities. Example: select * from fleet.show_pilot(''{"project":"demo","callsign":"viper-1"}'')';
