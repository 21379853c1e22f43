-- What the faces list and show of reservations; lists.sql has the rules.

create function fleet.list_reservations(filter jsonb default '{}')
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    states text[] := coalesce(fleet_log.words(filter, 'status'), '{active}');
    ids text[];
begin
    if filter ->> 'path' is not null then
        ids := coalesce((select array_agg(distinct o.reservation_id) from unnest(fleet_log.overlapping(filter ->> 'project',
                   fleet_log.asked_patterns(filter ->> 'path', '/path'), null, null, null)) o), '{}');
    end if;
    return query
    select i.item::text, i.reservation_id::text
      from fleet_log.reservation_items i
     where i.reservation_id in (
               -- What is not over is found by who holds it; the rest is all there ever was.
               select r.reservation_id from fleet_state.reservations r
                where states && '{active,lapsed}' and r.state = 'active'
                  and (nullif(filter ->> 'project', '') is null or r.project = filter ->> 'project')
                  and (filter ->> 'holder' is null or r.holder = filter ->> 'holder')
               union all
               select r.reservation_id from fleet_state.reservations r
                where states && '{released,expired,forced}' and r.state = any(states)
                  and (nullif(filter ->> 'project', '') is null or r.project = filter ->> 'project')
                  and (filter ->> 'holder' is null or r.holder = filter ->> 'holder')
               union all
               select q.reservation_id from fleet_state.reservation_requests q
                where states && '{waiting,timeout,cancelled,deadlock}' and q.state = any(states)
                  and (nullif(filter ->> 'project', '') is null or q.project = filter ->> 'project')
                  and (filter ->> 'holder' is null or q.holder = filter ->> 'holder'))
       and (i.status = any(states) or (i.status = 'lapsed' and 'active' = any(states)))
       and (ids is null or i.reservation_id = any(ids))
       and (filter ->> 'after' is null or i.reservation_id > filter ->> 'after')
     order by i.reservation_id limit fleet_log.page_size(filter);
end $$;
comment on function fleet.list_reservations is
    'Reservations as JSON: project, holder, status (default active), path, limit, after. Example: select * from fleet.list_reservations(''{"project":"demo"}'')';

create function fleet.show_reservation(filter jsonb)
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    given text := coalesce(filter ->> 'reservation_id', '');
    ids text[];
begin
    if length(given) >= 30 then
        ids := array[given];
    elsif given <> '' then
        -- Ids that are held or waited for come first; else any that begins or ends so, if there is but one.
        ids := array[fleet_log.reservation_id_of(filter ->> 'project', given)];
        if ids[1] = given then
            ids := array(select r.reservation_id from fleet_log.reservation_rows r
                          where (filter ->> 'project' is null or r.project = filter ->> 'project')
                            and (starts_with(r.reservation_id, given) or right(r.reservation_id, length(given)) = given)
                          limit 2);
        end if;
    end if;
    if cardinality(ids) = 1 then
        return query
        select i.item::text, i.reservation_id::text from fleet_log.reservation_items i
         where i.reservation_id = ids[1]
           and (filter ->> 'project' is null or i.project = filter ->> 'project');
    end if;
end $$;
comment on function fleet.show_reservation is
    'One reservation or request as JSON, by id or an unambiguous start or end of it. Example: select * from fleet.show_reservation(''{"reservation_id":"rsv_01…"}'')';

create function fleet.list_waiting(filter jsonb default '{}')
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return query
    select (i.item || jsonb_strip_nulls(jsonb_build_object('place', v.place, 'waits_for',
                string_to_array(v.waits_for, ', '))))::text,
           v.project || ' ' || v.place
      from fleet.waiting v
      join fleet_log.reservation_items i on i.reservation_id = v.reservation_id
     where (nullif(filter ->> 'project', '') is null or v.project = filter ->> 'project')
       and (filter ->> 'after' is null or (v.project, v.place)
            > (split_part(filter ->> 'after', ' ', 1), coalesce(nullif(split_part(filter ->> 'after', ' ', 2), ''), '0')::bigint))
     order by v.project, v.place limit fleet_log.page_size(filter);
end $$;
comment on function fleet.list_waiting is
    'Who waits, in the order they get their files, as JSON: project, limit, after. Example: select * from fleet.list_waiting(''{"project":"demo"}'')';

create function fleet.check_files(asked jsonb)
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- One answer for all paths: what fails first is what a hook says.
    return query
    select jsonb_build_object(
               'ok', bool_and(c.valid), 'token', (asked ->> 'token')::bigint,
               'items', jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                   'path', p.path, 'ok', c.valid, 'reason', c.words, 'reservation_id', c.reservation_id,
                   'holder', c.holder, 'pattern', c.pattern, 'status', c.state,
                   'expires_at', fleet_log.json_time(c.expires_at))) order by p.n))::text, ''
      from jsonb_array_elements_text(coalesce(asked -> 'paths', jsonb_build_array(asked -> 'path')))
           with ordinality p(path, n)
     cross join lateral fleet.check_fence(asked ->> 'project', p.path, (asked ->> 'token')::bigint) c;
end $$;
comment on function fleet.check_files is
    'Whether a token protects each of these paths, as one JSON object. Example: select item from fleet.check_files(''{"project":"demo","paths":["src/a.c"],"token":42}'')';

create function fleet.list_holders(asked jsonb)
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return query
    select (i.item || jsonb_build_object('pattern', h.pattern))::text, ''
      from fleet.who_has(asked ->> 'project', asked ->> 'path') h
      join fleet_log.reservation_items i on i.reservation_id = h.reservation_id;
end $$;
comment on function fleet.list_holders is
    'Who holds or waits for a path, or what a pattern overlaps, as JSON. Example: select item from fleet.list_holders(''{"project":"demo","path":"src/a.c"}'')';
