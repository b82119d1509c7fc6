# About 100 people. What bounds it: nothing that people would notice. One process holds 65,000 sockets at 6.7 KiB each and
# answers some hundred pages a second (docs/benchmarks.md); the second task and the second database are there for when one
# fails. Below this there are only databases without a second one (database_multi_az = false, cache_nodes = 1).
task_cpu           = 512
task_memory        = 1024
processes          = 1
tasks_min          = 2
tasks_max          = 4
connections_target = 4000

database_class       = "db.t4g.small" # 2 GiB: about 190 connections; tasks_max * processes * 12, twice during an update, are 96.
database_storage     = { first = 20, most = 100 }
database_multi_az    = true
database_connections = 12
backup_days          = 7

cache_node  = "cache.t4g.micro"
cache_nodes = 2

log_days   = 30
budget_usd = 200
