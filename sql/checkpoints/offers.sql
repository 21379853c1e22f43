-- Which missions stand still, and from what each would go on.

create function fleet_log.recovery_idle()
returns int
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- The leader's setting, as it was in its last round.
    return coalesce((select s.stale_seconds from fleet_live.sweeps s where s.duty = 'recovery'), 300);
end $$;
comment on function fleet_log.recovery_idle is
    'Seconds without any activity after which a mission counts as standing still. Example: select fleet_log.recovery_idle()';

create function fleet_log.is_there(project text, callsign text, at timestamptz, idle_seconds int)
returns boolean
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return exists (select from fleet_state.pilots p
                     join fleet_live.pilots l on l.project = p.project and l.callsign = p.callsign
                    where p.project = is_there.project and p.callsign = is_there.callsign
                      and p.state in ('active', 'idle')
                      and l.seen_at > is_there.at - make_interval(secs => idle_seconds));
end $$;
comment on function fleet_log.is_there is
    'True if a pilot is active or idle and gave a sign of life lately. Example: select fleet_log.is_there(''demo'', ''viper-1'', now(), 300)';

create function fleet_log.is_damaged(id text)
returns boolean
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return fleet_log.checkpoint_damage(id) is not null;
end $$;
comment on function fleet_log.is_damaged is
    'True if a checkpoint is not whole. Example: select fleet_log.is_damaged(''chk_01…'')';

create function fleet_log.resume_candidates(mission_id text)
returns setof fleet_state.checkpoints
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- What is older than the last one that was restored is history. An error comes first as long as nothing that was taken
    -- on purpose, or on the way, is newer: it says why work stopped.
    return query
    with open as (
        select c.* from fleet_state.checkpoints c
         where c.mission_id = resume_candidates.mission_id and c.sortie_id is null and c.state = 'available'
           and c.event_seq > coalesce((select max(x.event_seq) from fleet_state.checkpoints x
                                        where x.mission_id = resume_candidates.mission_id and x.sortie_id is null
                                          and x.state <> 'deleted' and x.consumed_at is not null), -1)
    )
    select o.* from open o
     order by o.trigger = 'error' and not exists (
                  select from open y where y.event_seq > o.event_seq and y.trigger in ('progress', 'manual', 'compaction')) desc,
              o.event_seq desc, o.checkpoint_id desc;
end $$;
comment on function fleet_log.resume_candidates is
    'Checkpoints from which a mission may go on, the best first. Example: select * from fleet_log.resume_candidates(''msn_01…'')';

create function fleet_log.last_checkpoint(mission_id text)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (select c.checkpoint_id from fleet_log.resume_candidates(last_checkpoint.mission_id) c limit 1);
end $$;
comment on function fleet_log.last_checkpoint is
    'The checkpoint from which resume would take a mission on, if it is whole; null if there is none. Example: select fleet_log.last_checkpoint(''msn_01…'')';

create function fleet_log.standstill(m fleet_state.missions, at timestamptz, idle_seconds int)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    said timestamptz;
    seen timestamptz;
    holders text[];
    gone text[];
    lost text[];
    reasons text[] := '{}';
begin
    said := (select e.recorded_at from fleet_log.events e where e.correlation_id = m.mission_id order by e.seq desc limit 1);
    holders := array(select distinct s.pilot collate "C" from fleet_state.sorties s
                      where s.mission_id = m.mission_id and s.state in ('assigned', 'in_progress', 'blocked') order by 1);
    gone := array(select h from unnest(holders) h where not fleet_log.is_there(m.project, h, standstill.at, idle_seconds));
    seen := (select max(l.seen_at) from fleet_live.pilots l
              where l.project = m.project and l.callsign = any(holders) and l.callsign <> all(gone));
    -- Taken from pilots that were lost, and nobody has taken it up, nor has it been resumed since.
    lost := array(select distinct s.pilot collate "C" from fleet_state.sorties s
                   where s.mission_id = m.mission_id and s.state = 'pending' and s.pilot is not null
                     and exists (select from fleet_log.resume_candidates(m.mission_id) c
                                  where c.error_kind in ('pilot_lost', 'lease_expired') and s.last_seq > c.event_seq) order by 1);
    if greatest(said, seen, m.started_at) <= standstill.at - make_interval(secs => idle_seconds) then
        reasons := reasons || 'idle'::text;
    end if;
    if gone <> '{}' or lost <> '{}' then
        reasons := reasons || 'pilots_gone'::text;
    end if;
    return case when reasons <> '{}' then jsonb_build_object('reasons', reasons, 'pilots', gone || lost,
        'last_activity_at', fleet_log.json_time(greatest(said, seen, m.started_at)),
        'idle_seconds', floor(extract(epoch from standstill.at - greatest(said, seen, m.started_at)))::bigint) end;
end $$;
comment on function fleet_log.standstill is
    'Why a mission in progress stands still, and since when; null if it does not. Example: select fleet_log.standstill(m, now(), 300) from fleet_state.missions m';

create function fleet_log.recovery_offers(project text, at timestamptz, idle_seconds int)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (
        select coalesce(jsonb_agg(o.item order by o.is_error desc, o.mission_id), '[]')
          from (select m.mission_id, coalesce(c.trigger = 'error', false) as is_error, jsonb_strip_nulls(jsonb_build_object(
                           'mission_id', m.mission_id, 'project', m.project, 'title', m.title,
                           'progress', fleet_log.mission_progress(m.mission_id),
                           'checkpoint_id', c.checkpoint_id, 'checkpoint_progress', c.progress,
                           'checkpoint_at', fleet_log.json_time(c.created_at), 'trigger', c.trigger,
                           'error', case when c.error_kind is not null then jsonb_build_object(
                               'kind', c.error_kind, 'message', c.error_message) end) || s.why) as item
                  from (select x.* from fleet_state.missions x
                         where x.state = 'in_progress'
                           and (recovery_offers.project is null or x.project = recovery_offers.project)
                         order by x.mission_id limit 1000) m
                 cross join lateral (select fleet_log.standstill(m, recovery_offers.at, idle_seconds) as why offset 0) s
                  left join lateral (select y.* from fleet_log.resume_candidates(m.mission_id) y limit 1) c on true
                 where s.why is not null) o);
end $$;
comment on function fleet_log.recovery_offers is
    'Missions that stand still, those with an error first. Example: select fleet_log.recovery_offers(''demo'', now(), 300)';
