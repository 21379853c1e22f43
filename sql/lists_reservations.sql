-- What the faces list and show of reservations; lists.sql has the rules.

create function fleet.list_reservations(filter jsonb default '{}')
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    states text[] := coalesce(fleet_log.words(filter, 'status'), '{active}');
    place text := nullif(filter ->> 'project', '');
    covering text[];
    page text[];
begin
    if filter ->> 'path' is not null then
        covering := coalesce((select array_agg(distinct o.reservation_id) from unnest(fleet_log.overlapping(
            place, fleet_log.asked_patterns(filter ->> 'path', '/path'), null, null, null)) o), '{}');
    end if;
    -- First the ids of the page, from the tables; then what is shown of them.
    page := array(
        select x.reservation_id from (
            select r.reservation_id, r.project, r.holder from fleet_state.reservations r
             where r.state = 'active' and ('active' = any(states) or ('lapsed' = any(states)
                   and fleet.lease_until(r.expires_at, r.extended_at, r.ttl_seconds, (select l.seen_at from fleet_live.pilots l
                           where l.project = r.project and l.callsign = r.holder)) <= clock_timestamp()))
             union all
            select r.reservation_id, r.project, r.holder from fleet_state.reservations r
             where states && '{released,expired,forced}' and r.state <> 'active' and r.state = any(states)
             union all
            select q.reservation_id, q.project, q.holder from fleet_state.reservation_requests q
             where states && '{waiting,timeout,cancelled,deadlock}' and q.state <> 'granted' and q.state = any(states)) x
         where (place is null or x.project = place)
           and (filter ->> 'holder' is null or x.holder = filter ->> 'holder')
           and (covering is null or x.reservation_id = any(covering))
           and (filter ->> 'after' is null or x.reservation_id > filter ->> 'after')
         order by x.reservation_id limit fleet_log.page_size(filter));
    return query
    select i.item::text, i.reservation_id::text from fleet_log.reservation_items i
     where i.reservation_id = any(page)
     order by i.reservation_id;
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
declare
    line text[] := array(select q.reservation_id from fleet_state.reservation_requests q where q.state = 'waiting');
begin
    return query
    select (i.item || jsonb_strip_nulls(jsonb_build_object('place', v.place, 'waits_for',
                string_to_array(v.waits_for, ', '))))::text,
           v.project || ' ' || v.place
      from fleet_log.waiting_rows v
      join fleet_log.reservation_items i on i.reservation_id = v.reservation_id and i.reservation_id = any(line)
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
declare
    ids text[] := array(select h.reservation_id from fleet.who_has(asked ->> 'project', asked ->> 'path') h);
begin
    return query
    select (i.item || jsonb_build_object('pattern', h.pattern))::text, ''
      from fleet.who_has(asked ->> 'project', asked ->> 'path') h
      join fleet_log.reservation_items i on i.reservation_id = h.reservation_id and i.reservation_id = any(ids);
end $$;
comment on function fleet.list_holders is
    'Who holds or waits for a path, or what a pattern overlaps, as JSON. Example: select item from fleet.list_holders(''{"project":"demo","path":"src/a.c"}'')';
