-- One command, after its shape was found sound: the project, the fence, then the function of its name.

create function fleet_log.perform(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    state text;
    bad text;
begin
    if w.code is not null or w.replayed then
        return w;
    end if;
    if w.scope = 'registered' then
        state := (select p.state from fleet_state.projects p where p.project = w.project);
        if state is null then
            return fleet_log.refuse(w, 'not_found', '/project', 'no project ' || w.project, 'fleet init registers it');
        elsif state <> 'active' then
            return fleet_log.refuse(w, 'transition_refused', '/project', 'the project ' || w.project || ' is archived',
                                    'register it again to go on');
        end if;
    end if;
    if w.fence is not null then
        bad := fleet_log.fence_problem(w.project, w.fence ->> 'kind', w.fence ->> 'id', (w.fence ->> 'token')::bigint);
        if bad is not null then
            return fleet_log.refuse(w, 'stale_token', '/fence', bad, case w.fence ->> 'kind'
                                        when 'reservation' then 'stop writing; reserve again if you still need it'
                                        else 'stop writing; claim again if you still want it' end);
        end if;
    end if;
    -- One row stops what would begin; what is at work may end.
    if w.op in ('reserve', 'claim_sortie', 'start_sortie', 'claim_work', 'start_mission', 'recover', 'restore_checkpoint')
       and exists (select from fleet_state.halts h where h.halted) then
        w := fleet_log.halt_problem(w);
        if w.code is not null then
            return w;
        end if;
    end if;
    -- So does a budget that is used up.
    if w.op in ('claim_sortie', 'start_sortie', 'claim_work')
       and exists (select from fleet_state.budgets b where b.state = 'stopped') then
        w := fleet_log.budget_problem(w);
        if w.code is not null then
            return w;
        end if;
    end if;
    -- Static calls keep their plans; a name that is not here has no row in fleet_log.commands either (a test compares).
    case w.op
        when 'reserve' then return fleet_log.do_reserve(w);
        when 'release' then return fleet_log.do_release(w);
        when 'extend' then return fleet_log.do_extend(w);
        when 'release_all' then return fleet_log.do_release_all(w);
        when 'force_release' then return fleet_log.do_force_release(w);
        when 'end_wait' then return fleet_log.do_end_wait(w);
        when 'grant_waiters' then return fleet_log.do_grant_waiters(w);
        when 'register_pilot' then return fleet_log.do_register_pilot(w);
        when 'set_pilot_status' then return fleet_log.do_set_pilot_status(w);
        when 'change_capabilities' then return fleet_log.do_change_capabilities(w);
        when 'deregister_pilot' then return fleet_log.do_deregister_pilot(w);
        when 'register_project' then return fleet_log.do_register_project(w);
        when 'archive_project' then return fleet_log.do_archive_project(w);
        when 'host_join' then return fleet_log.do_host_join(w);
        when 'host_leave' then return fleet_log.do_host_leave(w);
        when 'declare_host_lost' then return fleet_log.do_declare_host_lost(w);
        when 'sweep' then return fleet_log.do_sweep(w);
        when 'send_message' then return fleet_log.do_send_message(w);
        when 'read_message' then return fleet_log.do_read_message(w);
        when 'ack_message' then return fleet_log.do_ack_message(w);
        when 'update_message' then return fleet_log.do_update_message(w);
        when 'claim_sortie' then return fleet_log.do_claim_sortie(w);
        when 'start_sortie' then return fleet_log.do_start_sortie(w);
        when 'progress' then return fleet_log.do_progress(w);
        when 'complete_sortie' then return fleet_log.do_complete_sortie(w);
        when 'create_sortie' then return fleet_log.do_create_sortie(w);
        when 'block' then return fleet_log.do_block(w);
        when 'unblock' then return fleet_log.do_unblock(w);
        when 'request_review' then return fleet_log.do_request_review(w);
        when 'review' then return fleet_log.do_review(w);
        when 'fail_sortie' then return fleet_log.do_fail_sortie(w);
        when 'retry_sortie' then return fleet_log.do_retry_sortie(w);
        when 'return_sortie' then return fleet_log.do_return_sortie(w);
        when 'cancel_sortie' then return fleet_log.do_cancel_sortie(w);
        when 'update_sortie' then return fleet_log.do_update_sortie(w);
        when 'claim_work' then return fleet_log.do_claim_work(w);
        when 'complete_work' then return fleet_log.do_complete_work(w);
        when 'complete_orders' then return fleet_log.do_complete_orders(w);
        when 'enqueue' then return fleet_log.do_enqueue(w);
        when 'fail_work' then return fleet_log.do_fail_work(w);
        when 'retry_work' then return fleet_log.do_retry_work(w);
        when 'cancel_work' then return fleet_log.do_cancel_work(w);
        when 'create_mission' then return fleet_log.do_create_mission(w);
        when 'update_mission' then return fleet_log.do_update_mission(w);
        when 'start_mission' then return fleet_log.do_start_mission(w);
        when 'review_mission' then return fleet_log.do_review_mission(w);
        when 'complete_mission' then return fleet_log.do_complete_mission(w);
        when 'fail_mission' then return fleet_log.do_fail_mission(w);
        when 'cancel_mission' then return fleet_log.do_cancel_mission(w);
        when 'halt' then return fleet_log.do_halt(w);
        when 'lift_halt' then return fleet_log.do_lift_halt(w);
        when 'set_notification_rule' then return fleet_log.do_set_notification_rule(w);
        when 'remove_notification_rule' then return fleet_log.do_remove_notification_rule(w);
        when 'redact' then return fleet_log.do_redact(w);
        when 'create_checkpoint' then return fleet_log.do_create_checkpoint(w);
        when 'keep_checkpoint' then return fleet_log.do_keep_checkpoint(w);
        when 'restore_checkpoint' then return fleet_log.do_restore_checkpoint(w);
        when 'recover' then return fleet_log.do_recover(w);
        when 'delete_checkpoint' then return fleet_log.do_delete_checkpoint(w);
        when 'prune_checkpoints' then return fleet_log.do_prune_checkpoints(w);
        when 'record_ruling' then return fleet_log.do_record_ruling(w);
        when 'revoke_ruling' then return fleet_log.do_revoke_ruling(w);
        when 'record_usage' then return fleet_log.do_record_usage(w);
        when 'set_budget' then return fleet_log.do_set_budget(w);
        when 'remove_budget' then return fleet_log.do_remove_budget(w);
        when 'set_price' then return fleet_log.do_set_price(w);
        when 'remove_price' then return fleet_log.do_remove_price(w);
        when 'open_session' then return fleet_log.do_open_session(w);
        when 'edit_files' then return fleet_log.do_edit_files(w);
        when 'note_session' then return fleet_log.do_note_session(w);
        when 'close_session' then return fleet_log.do_close_session(w);
        else return fleet_log.refuse(w, 'internal', '/op', 'the operation ' || w.op || ' has no function');
    end case;
end $$;
comment on function fleet_log.perform is 'Carries one command out. Example, in fleet.act: w := fleet_log.perform(w)';
