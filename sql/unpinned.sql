-- A pinned path costs 1 to 2 µs at every call (the setting is put in and taken back, the plans look the path up again):
-- a fifth of a reserve, which makes some thirty calls. These functions run only inside fleet.act, which pins the path for
-- all of them, are executable by nobody but the owner, and name everything with its schema.
do $$
declare
    item record;
    names constant text[] := array[
        'put', 'perform', 'fold_added', 'event_problem', 'fold_reservation', 'apply_one', 'request_is_sound',
        'append_is_sound', 'append_problem', 'try_time', 'fence_is_sound', 'fence_problem',
        'reservation_fence_problem', 'json_time', 'switched', 'elapsed_ms',
        'do_claim_sortie', 'do_start_sortie', 'do_progress', 'do_complete_sortie', 'do_create_sortie', 'find_sortie',
        'find_mission', 'sortie_id_of', 'mission_id_of', 'holder_problem', 'sortie_problem', 'sortie_fence_problem',
        'put_sortie', 'answer_sortie', 'best_ready', 'halted_missions', 'fold_sortie', 'keep_sortie', 'sortie_after',
        'new_sortie', 'shape_sortie', 'texts_of', 'texts_with', 'handed_in', 'set_gates', 'gate_of', 'follow', 'missions_of',
        'follow_mission', 'end_sorties', 'free_sortie_files', 'tell_progress', 'mission_progress', 'judge', 'dependants',
        'hand_in_problem', 'handed_in_data', 'scope_draft', 'put_work', 'touched', 'check_transition', 'put_all',
        'sortie_files', 'sortie_args_problem', 'dependencies_json', 'sortie_json', 'mission_counts',
        'halt_problem', 'do_reserve', 'do_release', 'do_extend', 'grant_files', 'grant_waiters', 'obstacles', 'overlapping',
        'overlapping_file', 'overlapping_tree', 'overlapping_glob', 'held_reservation', 'lease_problem',
        'reservation_id_of', 'reservation_is_known', 'pattern_canonical', 'pattern_problem', 'pattern_kind',
        'pattern_prefix', 'pattern_tail', 'pattern_probes', 'pattern_likeness',
        'do_claim_work', 'next_orders', 'give_orders', 'do_complete_work', 'order_named', 'order_id_of', 'order_problem_of',
        'work_order_fence_problem', 'completion_data', 'erased_among', 'keep_bodies', 'freed_orders', 'json_too_large', 'order_json', 'do_complete_orders',
        'do_enqueue', 'order_problem', 'order_dependencies', 'order_data', 'cancel_doomed', 'cancel_dependents',
        'fold_work_order', 'apply_one_order', 'apply_created_orders', 'apply_order_changes', 'count_dependencies',
        'order_rank', 'order_priority', 'order_item', 'claim_item', 'apply_claims', 'apply_completions',
        'advance_line', 'reopen_lines',
        'do_send_message', 'post_squawk', 'send_refusal', 'text_refusal', 'attachments_problem', 'squawk_recipients',
        'do_read_message', 'do_ack_message', 'find_message', 'message_id_of', 'thread_id_of', 'mailbox_of', 'mailbox_row',
        'mailbox_answer', 'mailbox_json', 'message_json', 'message_status', 'sender_json', 'keep_body', 'body_problem',
        'budget_problem', 'closed_missions', 'budgeted_missions', 'fold_message', 'fold_thread', 'apply_sent', 'apply_sent_one', 'apply_marks', 'apply_mark_one', 'people'];
begin
    for item in
        select p.oid::regprocedure as name from pg_proc p
         where p.pronamespace::regnamespace::text in ('fleet_log', 'fleet_state') and (p.proname = any(names) or p.proname like 'sound\_%')
    loop
        execute format('alter function %s reset search_path', item.name);
    end loop;
end $$;
