-- What the end of a sortie means for those that wait for it, and for its files.

create function fleet_log.dependants(ids text[])
returns text[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return array(select distinct d.sortie_id from fleet_state.sortie_dependencies d where d.needs = any(ids));
end $$;
comment on function fleet_log.dependants is
    'Who waits for any of these sorties. Example: select fleet_log.dependants(''{srt_01…}'')';

create function fleet_log.results_for(id text)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Of a dependency that was not completed, or whose result was erased, there is nothing to look at.
    return (
        select coalesce(jsonb_object_agg(t.name, coalesce(fleet_log.body_of(t.result_digest), '{}')::jsonb), '{}')
          from fleet_state.sortie_dependencies d
         cross join lateral (select x.* from fleet_state.sorties x where x.sortie_id = d.needs limit 1) t
         where d.sortie_id = id and t.name is not null and t.state = 'completed'
           and (t.result_digest is null or fleet_log.body_of(t.result_digest) is not null));
end $$;
comment on function fleet_log.results_for is
    'Results of the sorties that one depends on, by name: what its condition sees. Example: select fleet_log.results_for(''srt_01…'')';

create function fleet_log.verdict_on(s fleet_state.sorties)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    verdict record;
begin
    if s.gate = 'broken' then
        return fleet_log.broken_words(s);
    end if;
    select v.value, v.reason into verdict
      from fleet_log.condition_value(s.condition, fleet_log.results_for(s.sortie_id)) v;
    return case when not verdict.value then left('its condition is false: ' || verdict.reason, 2000) end;
end $$;
comment on function fleet_log.verdict_on is
    'Why a sortie is to be skipped, or null; asked when its gate is broken, or open with a condition. Example, in fleet_log.judge: fleet_log.verdict_on(s)';

create function fleet_log.skips_below(skipped text[], causation_id text, out drafts fleet_log.draft[], out missions text[], out ids text[])
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    wave text[] := skipped;
    reasons text[];
    below text[] := '{}';    -- what is found, nearest first …
    because text[] := '{}';  -- … and the dependency that takes each down
begin
    -- Who needs all, and one of them was skipped, is skipped whatever else comes: all the way down it is found here and
    -- written at once. The rest is looked at when that is done.
    loop
        select array_agg(x.sortie_id order by x.created_seq), array_agg(x.needs order by x.created_seq)
          into wave, reasons
          from (select distinct on (s.sortie_id) s.sortie_id, s.created_seq, d.needs
                  from unnest(wave) needed
                 cross join lateral (select y.* from fleet_state.sortie_dependencies y where y.needs = needed offset 0) d
                 cross join lateral (select y.* from fleet_state.sorties y where y.sortie_id = d.sortie_id limit 1) s
                 where d.mode = 'success' and s.join_mode = 'all' and s.state = 'pending' and s.gate = 'waiting'
                   and s.sortie_id <> all(below)
                 order by s.sortie_id, d.ord) x;
        exit when wave is null;
        below := below || wave;
        because := because || reasons;
    end loop;
    select array_agg((s.project, 'sortie_skipped', 'sortie', s.sortie_id, jsonb_build_object(
                          'reason', 'dependency ' || fleet_log.sortie_label(t) || ' was skipped', 'cause', 'dependency'),
                      skips_below.causation_id, 'system')::fleet_log.draft order by b.n),
           array_agg(s.mission_id order by b.n), array_agg(s.sortie_id order by b.n)
      into drafts, missions, ids
      from unnest(below, because) with ordinality b (id, needs, n)
     cross join lateral (select y.* from fleet_state.sorties y where y.sortie_id = b.id limit 1) s
     cross join lateral (select y.* from fleet_state.sorties y where y.sortie_id = b.needs limit 1) t;
end $$;
comment on function fleet_log.skips_below is
    'The skips that follow from skips for certain, nearest first. Example: select * from fleet_log.skips_below(''{srt_01…}'', null)';

create function fleet_log.judge(w fleet_log.work, ids text[], causation_id text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    drafts fleet_log.draft[];
    missions text[];
    skipped text[];
    below record;
begin
    select array_agg((j.project, 'sortie_skipped', 'sortie', j.sortie_id, jsonb_build_object(
                          'reason', j.verdict, 'cause', case j.gate when 'broken' then 'dependency' else 'condition' end),
                      judge.causation_id, 'system')::fleet_log.draft order by j.created_seq),
           array_agg(j.mission_id order by j.created_seq), array_agg(j.sortie_id order by j.created_seq)
      into drafts, missions, skipped
      from (select s.sortie_id, s.project, s.mission_id, s.gate, s.created_seq, fleet_log.verdict_on(s) as verdict
              from unnest(ids) id
             cross join lateral (select x.* from fleet_state.sorties x where x.sortie_id = id limit 1) s
             where s.state = 'pending'
               and (s.gate = 'broken' or s.gate = 'open' and s.condition is not null)
            offset 0) j
     where j.verdict is not null;
    if drafts is not null then
        below := fleet_log.skips_below(skipped, judge.causation_id);
        w := fleet_log.put_all(w, drafts || below.drafts, missions || below.missions);
        skipped := skipped || below.ids;
    end if;
    w.result := to_jsonb(coalesce(skipped, '{}'));
    return w;
end $$;
comment on function fleet_log.judge is
    'Skips those of these sorties that can never be done or must not be, and what needs them; w.result lists them. Example: w := fleet_log.judge(w, fleet_log.dependants(ended), why)';

create function fleet_log.with_subject(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    sortie constant fleet_state.sorties := fleet_log.find_sortie(w);
    mission constant fleet_state.missions := fleet_log.find_mission(w);
begin
    -- What is done for a sortie ends with it, and is found by its whole id.
    if w.args ->> 'sortie_id' is not null then
        if sortie.sortie_id is null then
            return fleet_log.sortie_problem(w, sortie, null);
        end if;
        w.args := w.args || jsonb_build_object('sortie_id', sortie.sortie_id);
    end if;
    if w.args ->> 'mission_id' is not null then
        if mission.mission_id is null then
            return fleet_log.mission_problem(w, mission, null);
        end if;
        w.args := w.args || jsonb_build_object('mission_id', mission.mission_id);
    end if;
    return w;
end $$;
comment on function fleet_log.with_subject is
    'A command about a sortie or mission, with their whole ids; refused if they are not of this project. Example, in reserve: w := fleet_log.with_subject(w)';

create function fleet_log.free_sortie_files(w fleet_log.work, project text, sortie_ids text[], causation_id text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    drafts fleet_log.draft[];
    freed text[];
    patterns text[];
    ended text[];
begin
    -- Who still waits in line for such a sortie's files would get them for nothing.
    select array_agg((q.project, 'file_wait_ended', 'reservation', q.reservation_id, jsonb_build_object(
                          'holder', q.holder, 'outcome', 'cancelled',
                          'waited_ms', fleet_log.elapsed_ms(q.started_at, w.at)),
                      free_sortie_files.causation_id, null)::fleet_log.draft order by q.reservation_id),
           array_agg(q.reservation_id)
      into drafts, ended
      from fleet_live.waiters l
     cross join lateral (select x.* from fleet_state.reservation_requests x
                          where x.reservation_id = l.reservation_id limit 1) q
     where l.sortie_id = any(sortie_ids) and q.state = 'waiting' and q.project = free_sortie_files.project;
    select drafts || array_agg((r.project, 'file_released', 'reservation', r.reservation_id, jsonb_build_object(
                          'holder', r.holder, 'cause', 'sortie_done',
                          'held_ms', fleet_log.elapsed_ms(r.reserved_at, w.at)),
                      free_sortie_files.causation_id, null)::fleet_log.draft order by r.reservation_id),
           array_agg(r.reservation_id order by r.reservation_id)
      into drafts, freed
      from fleet_state.reservations r
     where r.sortie_id = any(sortie_ids) and r.state = 'active' and r.project = free_sortie_files.project;
    if drafts is not null then
        patterns := array(
            select distinct p from (
                select r.patterns from fleet_state.reservations r where r.reservation_id = any(freed)
                 union all
                select q.patterns from fleet_state.reservation_requests q where q.reservation_id = any(ended)) x,
                unnest(x.patterns) p);
        delete from fleet_live.waiters l where l.reservation_id = any(ended);
        w := fleet_log.put_all(w, drafts);
        w := fleet_log.grant_waiters(w, free_sortie_files.project, patterns, w.event_id);
    end if;
    w.result := to_jsonb(coalesce(freed, '{}'));
    return w;
end $$;
comment on function fleet_log.free_sortie_files is
    'Frees what was reserved for these sorties; w.result lists the reservations. Example: w := fleet_log.free_sortie_files(w, w.project, ''{srt_01…}'', w.event_id)';
