-- The board: everything about the work that goes on, as one document. Sizes are limited, what was left out is counted.

create function fleet_log.board_number(filter jsonb, name text, least_ int, most int, otherwise int)
returns int
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return case when filter ->> board_number.name ~ '^\d{1,6}$'
                then greatest(least_, least(most, (filter ->> board_number.name)::int)) else otherwise end;
end $$;
comment on function fleet_log.board_number is
    'A number of a filter, within its limits. Example: select fleet_log.board_number(''{"limit":5}'', ''limit'', 1, 200, 20)';

create function fleet_log.board_sortie(s fleet_state.sorties, seen_at timestamptz, needs json)
returns json
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    held boolean := s.state in ('assigned', 'in_progress', 'blocked');
    until timestamptz := case when held then fleet_log.sortie_lease_until(s, seen_at) end;
begin
    return json_strip_nulls(json_build_object(
        'sortie_id', s.sortie_id, 'project', s.project, 'mission_id', s.mission_id, 'name', s.name, 'title', s.title,
        'status', s.state, 'progress', s.progress, 'priority', s.priority, 'complexity', s.complexity, 'role', s.role,
        'pilot', s.pilot, 'lease_until', fleet_log.json_time(until),
        'lapsed', case when until <= clock_timestamp() then true end,
        'attempt', s.attempt, 'max_attempts', s.max_attempts,
        'blocked_reason', case when s.state = 'blocked' then s.blocked_reason end,
        'blocker_type', case when s.state = 'blocked' then s.blocker_type end,
        'blocker_id', case when s.state = 'blocked' then s.blocker_id end,
        'depends_on', coalesce(needs, '[]'), 'join', nullif(s.join_mode, 'all'), 'ready', s.ready,
        'why_not', fleet_log.why_not_ready(s),
        'reason', case when s.state in ('cancelled', 'skipped') then s.reason
                       when s.state = 'failed' then concat_ws(': ', s.error ->> 'kind', s.error ->> 'message') end,
        'summary', case when s.state = 'completed' then left(fleet_log.body_of(s.summary_digest), 200) end));
end $$;
comment on function fleet_log.board_sortie is
    'A sortie as the board shows it. Example: select fleet_log.board_sortie(s, null, ''[]'') from fleet_state.sorties s';

create function fleet_log.board_sorties(ids text[])
returns table (mission_id text, items json)
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- In order of creation: what comes first stands before what needs it.
    return query
    select s.mission_id::text, json_agg(fleet_log.board_sortie(s, l.seen_at, d.needs) order by s.created_seq)
      from fleet_state.sorties s
      left join fleet_live.pilots l on l.project = s.project and l.callsign = s.pilot
      left join lateral (
           select json_agg(json_build_object('sortie_id', n.needs, 'mode', n.mode, 'status', o.state,
                                             'name', coalesce(o.name, o.title)) order by n.ord) as needs
             from fleet_state.sortie_dependencies n
             join fleet_state.sorties o on o.sortie_id = n.needs
            where n.sortie_id = s.sortie_id) d on true
     where s.sortie_id = any(ids)
     group by s.mission_id;
end $$;
comment on function fleet_log.board_sorties is
    'Sorties by mission, those of none under null. Example: select * from fleet_log.board_sorties(''{srt_01…}'')';

create function fleet_log.board_pick(mission_id text, most int)
returns text[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    ids text[];
begin
    -- What needs attention wins the places; what has ended gets those that are left, the latest first. Asked for one
    -- after the other, because most of the time the first ones fill the places and the rest is not even read.
    ids := array(select s.sortie_id from fleet_state.sorties s
                  where s.mission_id = board_pick.mission_id and s.state in ('assigned', 'in_progress', 'blocked', 'review')
                  order by s.rank, s.created_seq limit most);
    if cardinality(ids) < most then
        ids := ids || array(select s.sortie_id from fleet_state.sorties s
                             where s.mission_id = board_pick.mission_id and s.state in ('pending', 'failed')
                             order by not s.ready, s.state, s.rank, s.created_seq limit most - cardinality(ids));
    end if;
    if cardinality(ids) < most then
        ids := ids || array(select s.sortie_id from fleet_state.sorties s
                             where s.mission_id = board_pick.mission_id and s.state in ('completed', 'cancelled', 'skipped')
                             order by s.last_seq desc limit most - cardinality(ids));
    end if;
    return ids;
end $$;
comment on function fleet_log.board_pick is
    'The sorties of a mission that the board shows. Example: select fleet_log.board_pick(''msn_01…'', 20)';

create function fleet_log.board_loose(project text, most int)
returns table (ids text[], left_out bigint)
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return query
    with open as (
        select s.sortie_id, row_number() over (order by not s.state in ('assigned', 'in_progress', 'blocked', 'review'),
                                                        not s.ready, s.rank, s.created_seq) as place
          from fleet_state.sorties s
         where s.mission_id is null and s.state in ('pending', 'assigned', 'in_progress', 'blocked', 'review', 'failed')
           and (board_loose.project is null or s.project = board_loose.project))
    select coalesce(array_agg(o.sortie_id::text) filter (where o.place <= most), '{}'),
           count(*) filter (where o.place > most)
      from open o;
end $$;
comment on function fleet_log.board_loose is
    'Sorties without a mission that have not ended well. Example: select * from fleet_log.board_loose(''demo'', 20)';

create function fleet_log.board_missions(project text, mission_id text, ended boolean, most int)
returns table (missions jsonb, left_out bigint, chosen text[])
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return query
    with ranked as (
        select m.*, count(*) over () as matching, row_number() over (order by
                   case m.state when 'in_progress' then 0 when 'review' then 1 when 'pending' then 2 else 3 end,
                   case when m.ended_at is null
                        then array_position('{critical,high,medium,low}', m.priority) end,
                   m.ended_at desc nulls first, m.mission_id) as place
          from fleet_state.missions m
         where (board_missions.project is null or m.project = board_missions.project)
           and case when board_missions.mission_id is null then ended or m.state in ('pending', 'in_progress', 'review')
                    else m.mission_id = board_missions.mission_id end
         order by place limit most)
    select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
               'mission_id', r.mission_id, 'project', r.project, 'title', r.title, 'status', r.state,
               'priority', r.priority, 'progress', case when r.state = 'completed' then 100 else c.percent end,
               'counts', c.counts, 'created_at', fleet_log.json_time(r.created_at), 'created_by', r.created_by,
               'started_at', fleet_log.json_time(r.started_at), 'ended_at', fleet_log.json_time(r.ended_at),
               'deadline', fleet_log.json_time(r.deadline),
               'late', case when r.deadline <= clock_timestamp() and r.ended_at is null then true end,
               'reason', r.reason)) order by r.place), '[]'),
           coalesce(max(r.matching) - count(*), 0), coalesce(array_agg(r.mission_id::text order by r.place), '{}')
      from ranked r
     cross join lateral (
           -- The same as fleet_log.mission_counts and mission_progress, in one look; a test compares.
           select coalesce(floor(avg(case when s.state in ('completed', 'skipped', 'cancelled') then 100
                                          else s.progress end)), 0)::int as percent,
                  jsonb_build_object('total', count(*), 'ready', count(*) filter (where s.ready),
                      'pending', count(*) filter (where s.state = 'pending'),
                      'assigned', count(*) filter (where s.state = 'assigned'),
                      'in_progress', count(*) filter (where s.state = 'in_progress'),
                      'blocked', count(*) filter (where s.state = 'blocked'),
                      'review', count(*) filter (where s.state = 'review'),
                      'completed', count(*) filter (where s.state = 'completed'),
                      'failed', count(*) filter (where s.state = 'failed'),
                      'cancelled', count(*) filter (where s.state = 'cancelled'),
                      'skipped', count(*) filter (where s.state = 'skipped')) as counts
             from fleet_state.sorties s where s.mission_id = r.mission_id) c;
end $$;
comment on function fleet_log.board_missions is
    'The missions of the board, without their sorties. Example: select * from fleet_log.board_missions(''demo'', null, false, 20)';

create function fleet_log.board_pilots(project text, most int)
returns table (pilots jsonb, left_out bigint)
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return query
    with a as (
        select p.*, count(*) over () as matching from fleet_state.pilots p
         where p.state <> 'deregistered' and (board_pilots.project is null or p.project = board_pilots.project)
         order by array_position('{active,idle,stale}', p.state), p.project, p.callsign limit most)
    select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
               'callsign', a.callsign, 'project', a.project, 'status', a.state, 'role', a.role, 'program', a.program,
               'seen_at', fleet_log.json_time(l.seen_at),
               'silent_seconds', round(extract(epoch from clock_timestamp() - l.seen_at)),
               'sortie', s.sortie_id, 'sortie_title', s.title, 'progress', s.progress, 'sorties', coalesce(s.held, 0),
               'holds', (select count(*) from fleet_state.reservations r
                          where r.state = 'active' and r.project = a.project and r.holder = a.callsign),
               'waits', (select count(*) from fleet_state.reservation_requests q
                          where q.state = 'waiting' and q.project = a.project and q.holder = a.callsign),
               'orders', coalesce(o.claimed, 0),
               'unread', (select count(*) from fleet_state.message_recipients m
                           where m.state = 'unread' and m.project = a.project and m.recipient = a.callsign)))
               order by array_position('{active,idle,stale}', a.state), a.project, a.callsign), '[]'),
           coalesce(max(a.matching) - count(*), 0)
      from a
      left join fleet_live.pilots l on l.project = a.project and l.callsign = a.callsign
      left join lateral (
           select s.sortie_id, s.title, s.progress, count(*) over () as held from fleet_state.sorties s
            where s.state in ('assigned', 'in_progress', 'blocked', 'review')
              and s.project = a.project and s.pilot = a.callsign
            order by array_position('{in_progress,blocked,assigned,review}', s.state::text), s.assigned_at limit 1) s on true
      left join (select w.project, w.claimed_by, count(*) as claimed from fleet_state.work_orders w
                  where w.state = 'claimed' group by 1, 2) o on o.project = a.project and o.claimed_by = a.callsign;
end $$;
comment on function fleet_log.board_pilots is
    'The pilots of the board. Example: select * from fleet_log.board_pilots(''demo'', 200)';

create function fleet_log.board_orders(project text)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (
        select jsonb_strip_nulls(jsonb_build_object(
                   'pending', count(*) filter (where o.state = 'pending'),
                   'delayed', count(*) filter (where o.state = 'pending' and o.ready_at > clock_timestamp()),
                   'claimed', count(*) filter (where o.state = 'claimed'),
                   'failed', count(*) filter (where o.state = 'failed'), 'dead', count(*) filter (where o.state = 'dead'),
                   'oldest_pending_seconds', round(extract(epoch from clock_timestamp()
                       - min(o.created_at) filter (where o.state = 'pending')))))
          from fleet_state.work_orders o
         where o.state in ('pending', 'claimed', 'failed', 'dead')
           and (board_orders.project is null or o.project = board_orders.project));
end $$;
comment on function fleet_log.board_orders is
    'The queue in numbers. Example: select fleet_log.board_orders(''demo'')';

create function fleet_log.board_mail(project text)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (
        select jsonb_build_object('unread', coalesce(sum(x.unread), 0),
                   'unacked', (select count(*) from fleet_state.message_recipients m
                                where m.awaits_ack and (board_mail.project is null or m.project = board_mail.project)),
                   'by_pilot', coalesce(jsonb_object_agg(
                       case when board_mail.project is null then x.project || '/' else '' end || x.recipient,
                       x.unread), '{}'))
          from (select m.project, m.recipient, count(*) as unread from fleet_state.message_recipients m
                 where m.state = 'unread' and (board_mail.project is null or m.project = board_mail.project)
                 group by 1, 2) x);
end $$;
comment on function fleet_log.board_mail is 'Unread mail by mailbox. Example: select fleet_log.board_mail(''demo'')';

create function fleet.board_json(filter jsonb default '{}')
returns json
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp set jit = off as $$
declare
    wanted text := nullif(filter ->> 'project', '');
    one text := nullif(filter ->> 'mission_id', '');
    each int := fleet_log.board_number(filter, 'sorties', 0, 1000, 20);
    m record;
    p record;
    loose record;
    missions json;
begin
    perform fleet_log.need_project(wanted);
    if one is not null then
        one := case when wanted is null then one else fleet_log.mission_id_of(wanted, one) end;
        if not exists (select from fleet_state.missions x
                        where x.mission_id = one and (wanted is null or x.project = wanted)) then
            perform fleet.refuse('not_found', 'no mission ' || one, '/mission_id', 'fleet missions list shows them');
        end if;
    end if;
    select * into m from fleet_log.board_missions(wanted, one, coalesce(lower(filter ->> 'all') = 'true', false),
                                                  fleet_log.board_number(filter, 'limit', 1, 200, 20));
    select * into p from fleet_log.board_pilots(wanted, 200);
    select * into loose from fleet_log.board_loose(wanted, each);
    if one is not null then
        select '{}'::text[], 0 into loose.ids, loose.left_out;
    end if;
    -- As json, which is text: a large jsonb would be copied at every level.
    missions := (select json_agg(fleet_log.board_mission(i.item, b.items) order by i.n)
                   from jsonb_array_elements(m.missions) with ordinality i(item, n)
                   left join fleet_log.board_sorties(array(
                        select unnest(fleet_log.board_pick(c, each)) from unnest(m.chosen) c)) b
                     on b.mission_id = i.item ->> 'mission_id');
    return case when wanted is null then '{' else '{"project": ' || to_json(wanted) || ', ' end
        || substr(json_build_object(
        'at', fleet_log.json_time(clock_timestamp()), 'at_seq', (select h.seq from fleet.head() h), 'missions', coalesce(missions, '[]'), 'missions_left_out', m.left_out,
        'loose_sorties', coalesce((select b.items from fleet_log.board_sorties(loose.ids) b), '[]'),
        'loose_left_out', loose.left_out,
        'pilots', p.pilots, 'pilots_left_out', p.left_out,
        'orders', fleet_log.board_orders(wanted), 'mail', fleet_log.board_mail(wanted),
        'halts', fleet_log.board_halts(wanted), 'waiting', fleet_log.board_waiting(wanted, 50))::text, 2);
end $$;
comment on function fleet.board_json is
    'The board as one document: project, mission_id, all, limit, sorties. Example: select jsonb_pretty(fleet.board_json(''{"project":"demo"}'')::jsonb)';

create function fleet_log.board_mission(item jsonb, sorties json)
returns json
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    shown json := coalesce(board_mission.sorties, '[]');
    whole text := board_mission.item::text;
begin
    return left(whole, length(whole) - 1) || ', "sorties": ' || shown || ', "sorties_left_out": '
           || (board_mission.item #>> '{counts,total}')::int - json_array_length(shown) || '}';
end $$;
comment on function fleet_log.board_mission is
    'A mission with its sorties. Example: select fleet_log.board_mission(''{"counts":{"total":3}}'', ''[]'')';

create function fleet_log.board_halts(project text)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                       'scope', h.scope_kind, 'project', nullif(h.project, ''),
                       'subject', case when h.scope_kind in ('mission', 'pilot') then h.scope_id end, 'reason', h.reason,
                       'by', h.halted_by, 'since', fleet_log.json_time(h.halted_at))) order by h.halted_at), '[]')
              from fleet_state.halts h
             where h.halted and (board_halts.project is null or h.scope_kind = 'fleet' or h.project = board_halts.project));
end $$;
comment on function fleet_log.board_halts is 'Halts in force. Example: select fleet_log.board_halts(''demo'')';

create function fleet_log.board_waiting(project text, most int)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                       'kind', w.kind, 'project', w.project, 'who', w.who, 'waits_for', string_to_array(w.waits_for, ', '),
                       'what', left(w.what, 200), 'id', w.id, 'since', fleet_log.json_time(w.since),
                       'seconds', greatest(0, round(extract(epoch from clock_timestamp() - w.since))),
                       'until', fleet_log.json_time(w.until))) order by w.since), '[]')
              from (select * from fleet_log.stuck_rows r
                     where r.kind in ('files', 'blocked', 'review', 'ack')
                       and (board_waiting.project is null or r.project = board_waiting.project)
                     order by r.since limit most) w);
end $$;
comment on function fleet_log.board_waiting is
    'Who waits for whom or what, the longest first. Example: select fleet_log.board_waiting(''demo'', 50)';
