-- What the faces list and show of missions; lists.sql has the rules.

create function fleet.list_missions(filter jsonb default '{}')
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    place text := nullif(filter ->> 'project', '');
    states text[] := fleet_log.words(filter, 'status');
    priorities text[] := fleet_log.words(filter, 'priority');
    page text[];
begin
    -- First the ids of the page, from the table; then what is shown of them.
    page := array(
        select m.mission_id from fleet_state.missions m
         where (place is null or m.project = place)
           and (states is null or m.state = any(states)
                or 'open' = any(states) and m.state in ('pending', 'in_progress', 'review'))
           and (priorities is null or m.priority = any(priorities))
           and (filter ->> 'created_by' is null or m.created_by = filter ->> 'created_by')
           and (filter ->> 'after' is null or m.mission_id > filter ->> 'after')
         order by m.mission_id limit fleet_log.page_size(filter));
    return query
    select i.item::text, i.mission_id::text from fleet_log.mission_items i
     where i.mission_id = any(page) order by i.mission_id;
end $$;
comment on function fleet.list_missions is
    'Missions as JSON: project, status (also: open), priority, created_by, limit, after. Example: select * from fleet.list_missions(''{"project":"demo"}'')';

create function fleet.show_mission(filter jsonb)
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    place text := nullif(filter ->> 'project', '');
    id text := fleet_log.mission_id_of(place, coalesce(filter ->> 'mission_id', ''));
begin
    return query
    select i.item::text, i.mission_id::text from fleet_log.mission_items i
     where i.mission_id = id and (place is null or i.project = place);
end $$;
comment on function fleet.show_mission is
    'One mission as JSON, by id or (in a project) an unambiguous start or end of it. Example: select * from fleet.show_mission(''{"mission_id":"msn_01…"}'')';
