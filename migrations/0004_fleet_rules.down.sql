-- Functions and views of sql/ that use these tables go with them; sql/ is applied again afterwards.
drop type fleet_log.verdict cascade;
drop table fleet_live.sweeps, fleet_live.escalations cascade;
drop table fleet_state.notification_rules, fleet_state.halts cascade;
