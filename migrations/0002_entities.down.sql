-- Functions and views of sql/ that use these tables go with them; sql/ is applied again afterwards.
drop table fleet_state.projects, fleet_state.hosts, fleet_state.pilots cascade;
drop table fleet_live.hosts, fleet_live.pilots, fleet_live.cursors, fleet_live.leaders cascade;
