# About 10,000 people, all of whom may be in at once. What bounds it: pages. A process answers about 350 room pages a second
# and lets in 1,000 sockets a second with all checks, so that after a failure everybody is back within seconds; 10,000 sockets
# are 67 MiB in all. A message to all of them is written at about 70,000 to 90,000 deliveries a second and process: with 4
# processes the last has it within 50 ms.
task_cpu           = 2048
task_memory        = 4096
processes          = 2
tasks_min          = 2
tasks_max          = 8
connections_target = 5000

database_class       = "db.m7g.large" # 8 GiB: about 850 connections; tasks_max * processes * 12, twice during an update, are 384.
database_storage     = { first = 100, most = 500 }
database_multi_az    = true
database_connections = 12
backup_days          = 14

cache_node  = "cache.t4g.small"
cache_nodes = 2

zones      = 3
log_days   = 30
budget_usd = 1000
