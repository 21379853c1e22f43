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
        'recent', (select coalesce(jsonb_agg(e.item::jsonb order by e.n), '[]') from fleet.list_events(
                       jsonb_strip_nulls(jsonb_build_object('project', wanted, 'limit', 10,
                                                            'before', '999999999999'))) with ordinality e(item, cursor_key, n)));
end $$;
comment on function fleet.overview_json is
    'What goes on, on one page. Example: select jsonb_pretty(fleet.overview_json(''demo''))';
