-- Takes everything away, the log included. The roles stay: they belong to the cluster.
drop schema fleet cascade;
drop schema fleet_live cascade;
drop schema fleet_state cascade;
drop schema fleet_log cascade;
