-- How a request that met others is answered: with every holder, the pattern, and the time left.

create function fleet.time_words(seconds numeric)
returns text
language plpgsql immutable parallel safe strict set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    s bigint := ceil(greatest(seconds, 0));
begin
    -- As the command line writes it: "1h", not "1h 0m".
    return regexp_replace(case
        when s < 60 then s || 's'
        when s < 3600 then format('%sm %ss', s / 60, s % 60)
        when s < 86400 then format('%sh %sm', s / 3600, s % 3600 / 60)
        else format('%sd %sh', s / 86400, s % 86400 / 3600) end, ' 0[hms]$', '');
end $$;
comment on function fleet.time_words is
    'A duration for people. Example: select fleet.time_words(852)';

create function fleet_log.conflict_json(obstacles fleet_log.obstacle[], at timestamptz)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    shown constant int := 20;
begin
    -- In the order the obstacles have: who gives back first comes first.
    return (
        select jsonb_build_object(
                   'conflicts', coalesce(jsonb_agg(jsonb_build_object(
                       'reservation_id', o.reservation_id, 'holder', o.holder, 'pattern', o.pattern,
                       'requested_pattern', o.requested, 'mode', case when o.exclusive then 'exclusive' else 'shared' end,
                       'expires_at', fleet_log.json_time(o.expires_at),
                       'for_another_seconds', ceil(greatest(extract(epoch from o.expires_at - conflict_json.at), 0)))
                       order by o.n) filter (where not o.waiting and o.place <= shown), '[]'),
                   'count', count(*) filter (where not o.waiting),
                   'waiters', coalesce(jsonb_agg(jsonb_build_object(
                       'reservation_id', o.reservation_id, 'holder', o.holder, 'pattern', o.pattern,
                       'requested_pattern', o.requested, 'mode', case when o.exclusive then 'exclusive' else 'shared' end)
                       order by o.n) filter (where o.waiting and o.place <= shown), '[]'),
                   'waiter_count', count(*) filter (where o.waiting))
          from (select x.*, row_number() over (partition by x.waiting order by x.n) as place
                  from unnest(obstacles) with ordinality
                       x(requested, reservation_id, holder, pattern, exclusive, waiting, own, lapsed, expires_at,
                         reserved_at, n)
                 where not x.own and not x.lapsed) o);
end $$;
comment on function fleet_log.conflict_json is
    'Who is in the way, at most 20 holders and 20 waiters, and how many there are (counting stops at 101). Example: see fleet_log.obstacles';

create function fleet_log.conflict_words(detail jsonb)
returns text
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    first jsonb := detail #> '{conflicts,0}';
    more bigint := (detail ->> 'count')::bigint + (detail ->> 'waiter_count')::bigint - 1;
    said text;
begin
    if first is not null then
        said := format('%s is held by %s (%s, %s) for another %s', first ->> 'requested_pattern', first ->> 'holder',
            first ->> 'pattern', first ->> 'mode',
            fleet.time_words((first ->> 'for_another_seconds')::numeric));
    else
        first := detail #> '{waiters,0}';
        said := format('%s is waited for by %s (%s), who came first', first ->> 'requested_pattern',
                       first ->> 'holder', first ->> 'pattern');
    end if;
    return said || case when more >= 100 then ', and at least a hundred more' when more > 0 then format(', and %s more', more)
                        else '' end;
end $$;
comment on function fleet_log.conflict_words is
    'One sentence about who is in the way. Example, in reserve: fleet_log.conflict_words(detail)';

create function fleet_log.conflict_draft(
    r fleet_state.reservation_requests, detail jsonb, resolution text)
returns fleet_log.draft
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (null, 'file_conflict', 'reservation', r.reservation_id, jsonb_build_object(
        'requested_by', r.holder, 'patterns', r.patterns, 'resolution', resolution, 'conflicts', (
            select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                       'reservation_id', c ->> 'reservation_id', 'holder', c ->> 'holder', 'pattern', c ->> 'pattern',
                       'expires_at', c ->> 'expires_at'))), '[]')
              from jsonb_array_elements(detail -> 'conflicts' || (detail -> 'waiters')) c)), null, null)::fleet_log.draft;
end $$;
comment on function fleet_log.conflict_draft is
    'The event of a request that met others. Example, in reserve: fleet_log.conflict_draft(r, detail, ''refused'')';

create function fleet_log.refuse_files(
    w fleet_log.work, r fleet_state.reservation_requests, obstacles fleet_log.obstacle[])
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    detail jsonb := fleet_log.conflict_json(obstacles, w.at);
begin
    w := fleet_log.put_all(w, array[fleet_log.conflict_draft(r, detail, 'refused')]);
    return fleet_log.refuse(w, 'reservation_held', '/args/patterns', fleet_log.conflict_words(detail),
                            'wait in line with wait_seconds, or work on something else meanwhile', detail);
end $$;
comment on function fleet_log.refuse_files is
    'Refuses a request for files, naming who has them. Example, in reserve: return fleet_log.refuse_files(w, r, obstacles)';
