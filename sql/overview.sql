-- One page about a project, or about all of them, as JSON.

create function fleet.overview_json(project text default null)
returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    wanted text := nullif(overview_json.project, '');
begin
    return jsonb_build_object(
        'project', wanted,
        'head', (select h.seq from fleet.head() h),
        'projects', (select coalesce(jsonb_agg(i.item order by i.project), '[]') from fleet_log.project_items i
                      where wanted is null or i.project = wanted),
        'pilots', (select coalesce(jsonb_agg(i.item order by i.project, i.callsign), '[]') from fleet_log.pilot_items i
                    where i.state <> 'deregistered' and (wanted is null or i.project = wanted)),
        'hosts', (select coalesce(jsonb_agg(i.item order by i.host_id), '[]') from fleet_log.host_items i
                   where i.state = 'joined'),
        'reservations_held', (select count(*) from fleet_state.reservations r
                               where r.state = 'active' and (wanted is null or r.project = wanted)),
        'requests_waiting', (select count(*) from fleet_state.reservation_requests r
                              where r.state = 'waiting' and (wanted is null or r.project = wanted)),
        'missions', (select jsonb_build_object('pending', count(*) filter (where m.state = 'pending'),
                         'in_progress', count(*) filter (where m.state = 'in_progress'),
                         'review', count(*) filter (where m.state = 'review'))
                       from fleet_state.missions m
                      where m.state in ('pending', 'in_progress', 'review') and (wanted is null or m.project = wanted)),
        'sorties', (select jsonb_build_object('ready', count(*) filter (where s.ready),
                        'pending', count(*) filter (where s.state = 'pending'),
                        'assigned', count(*) filter (where s.state = 'assigned'),
                        'in_progress', count(*) filter (where s.state = 'in_progress'),
                        'blocked', count(*) filter (where s.state = 'blocked'),
                        'review', count(*) filter (where s.state = 'review'))
                      from fleet_state.sorties s
                     where s.state in ('pending', 'assigned', 'in_progress', 'blocked', 'review')
                       and (wanted is null or s.project = wanted)),
        'orders', fleet_log.board_orders(wanted), 'mail', fleet_log.board_mail(wanted),
        'halts', fleet_log.board_halts(wanted),
        'recent', (select coalesce(jsonb_agg(e.item::jsonb order by e.n), '[]') from fleet.list_events(
                       jsonb_strip_nulls(jsonb_build_object('project', wanted, 'limit', 10,
                                                            'before', '999999999999'))) with ordinality e(item, cursor_key, n)));
end $$;
comment on function fleet.overview_json is
    'What goes on, on one page. Example: select jsonb_pretty(fleet.overview_json(''demo''))';
