# 250,000 people in one event. What bounds it: deliveries. A message to all is 250,000 frames; 32 processes at 70,000 a second
# each, about 2.2 million together, write it in 0.12 s, so that about 9 different messages a second reach everybody before
# windows and samples take over. Sockets are 7,800 a process, far from the 65,000 that its files allow, and 1.6 GiB in all.
# Everybody may come at once: 1,000 handshakes a second and process are 8 s, more if the database is slower than that. Before
# such an event ask AWS to warm up the load balancer, and raise the quota of Fargate processors (tasks_max * 4).
task_cpu           = 4096
task_memory        = 8192
processes          = 4
tasks_min          = 8
tasks_max          = 32
connections_target = 8000

database_class       = "db.r7g.2xlarge" # 64 GiB: 5,000 connections; tasks_max * processes * 12, twice during an update, are 3,072.
database_storage     = { first = 400, most = 2000 }
database_multi_az    = true
database_connections = 12
backup_days          = 14

cache_node  = "cache.r7g.large" # Each event once to each process: its network, not its memory, is what counts.
cache_nodes = 2

zones       = 3
price_class = "PriceClass_All"
log_days    = 30
budget_usd  = 10000
