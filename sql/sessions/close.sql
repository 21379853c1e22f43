-- The end of a session: its files are free, its work goes back.

create function fleet_log.do_close_session(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    s constant fleet_live.agent_sessions := fleet_log.session_of(w);
    asked constant jsonb := w.args;
    why constant text := coalesce(w.args ->> 'reason', 'other');
    pilot fleet_state.pilots;
    others boolean;
    answer jsonb;
begin
    if s.client is null or s.project <> w.project then
        return fleet_log.no_session(w);
    end if;
    w := fleet_log.own_session(w, s.project, s.callsign);
    if w.code is not null then
        return w;
    end if;
    w.actor := s.callsign;
    if s.ended_at is null then
        w := fleet_log.tell_touched(w, s);
        update fleet_live.agent_sessions t set ended_at = w.at, end_reason = why
         where t.client = s.client and t.session_id = s.session_id;
        delete from fleet_live.told_mail t where t.client = s.client and t.session_id = s.session_id;
    end if;
    pilot := fleet_log.find_pilot(w, s.callsign);
    -- Another session of the same pilot goes on: nothing is let go under its feet.
    others := exists (select from fleet_live.agent_sessions o
                       where o.project = s.project and o.callsign = s.callsign and o.ended_at is null);
    answer := jsonb_build_object('project', s.project, 'callsign', s.callsign, 'outcome', 'closed', 'freed', '[]'::jsonb,
                                 'returned_sorties', '[]'::jsonb, 'returned_orders', '[]'::jsonb);
    if s.ended_at is not null or others or pilot.state is null or pilot.state in ('stale', 'deregistered') then
        answer := answer || jsonb_build_object('outcome', case when s.ended_at is not null then 'closed_before' else 'closed' end);
    elsif why = 'clear' then
        -- The same agent goes on at once with an empty context; what it promised it still owes.
        answer := answer || '{"outcome": "cleared"}';
    elsif s.is_own then
        w.args := jsonb_build_object('callsign', s.callsign, 'reason', 'completed', 'final_status', 'session ended: ' || left(why, 100));
        w := fleet_log.do_deregister_pilot(w);
        answer := answer || '{"outcome": "deregistered"}' || jsonb_build_object('freed', w.result -> 'freed',
            'returned_sorties', w.result -> 'returned_sorties', 'returned_orders', w.result -> 'returned_orders');
    else
        w := fleet_log.let_go(w, w.project, array[s.callsign], 'explicit', null);
        answer := answer || '{"outcome": "idle"}' || jsonb_build_object('freed', w.result -> 'freed',
            'returned_sorties', w.result -> 'returned_sorties', 'returned_orders', w.result -> 'returned_orders');
        if pilot.state = 'active' then
            w.args := jsonb_build_object('callsign', s.callsign, 'to', 'idle');
            w := fleet_log.do_set_pilot_status(w);
        end if;
    end if;
    w.args := asked;
    if w.code is not null then
        return w;
    end if;
    w.result := answer || jsonb_build_object('session', (
        select i.item from fleet_log.session_items i where i.client = s.client and i.session_id = s.session_id));
    return w;
end $$;
comment on function fleet_log.do_close_session is
    'Command close_session: files and work of the session''s pilot are given back. Example: select * from fleet.act(''[{"op":"close_session","project":"demo","args":{"client":"codex","session_id":"s-1"}}]'')';
