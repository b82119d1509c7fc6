# What and where.

variable "environment" {
  description = "Name of this environment; part of every name, so that several live side by side in an account."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,14}[a-z0-9])?$", var.environment))
    error_message = "environment must be 1 to 16 lower-case letters, digits and hyphens, a letter first and no hyphen last."
  }

  validation {
    condition     = !can(regex("aws|amazon|cognito", var.environment))
    error_message = "environment must not contain aws, amazon or cognito: Cognito refuses such domains."
  }
}

variable "region" {
  description = "AWS region of everything that is not global."
  type        = string
  default     = "eu-central-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must look like eu-central-1."
  }
}

variable "domain" {
  description = "Address that people use, such as chat.example.org. Empty: the one that CloudFront gives."
  type        = string
  default     = ""

  validation {
    condition     = var.domain == "" || can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.domain))
    error_message = "domain must be a host name in lower case, without https:// and without a path."
  }
}

variable "zone_id" {
  description = "Route 53 zone of the domain; its records and certificates are made there."
  type        = string
  default     = ""

  validation {
    condition     = var.zone_id == "" || can(regex("^Z[A-Z0-9]{4,31}$", var.zone_id))
    error_message = "zone_id must be the id of a hosted zone, such as Z0123456789ABCDEFGHIJ."
  }

  validation {
    condition     = (var.zone_id == "") == (var.domain == "")
    error_message = "domain and zone_id belong together: give both or neither."
  }
}

variable "image_tag" {
  description = "Tag of the image that tasks run. Empty: none has been pushed yet, and there is no service."
  type        = string
  default     = ""

  validation {
    condition     = var.image_tag == "" || can(regex("^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$", var.image_tag))
    error_message = "image_tag must be a tag: up to 128 letters, digits, dots, hyphens and underscores."
  }
}

variable "deletion_protection" {
  description = "Whether database, balancer and user pool refuse to be destroyed, a last snapshot is taken, and secrets can be restored. Off for environments that come and go."
  type        = bool
  default     = true
}

# Network.

variable "cidr" {
  description = "Addresses of the network, a /16 to /20."
  type        = string
  default     = "10.20.0.0/16"

  validation {
    condition     = can(cidrnetmask(var.cidr)) && can(regex("/(16|17|18|19|20)$", var.cidr))
    error_message = "cidr must be an IPv4 network from /16 to /20, such as 10.20.0.0/16."
  }
}

variable "zones" {
  description = "In how many availability zones it lives."
  type        = number
  default     = 2

  validation {
    condition     = contains([2, 3], var.zones)
    error_message = "zones must be 2 or 3."
  }
}

variable "nat_gateway" {
  description = "Whether tasks live in private subnets behind a NAT gateway a zone. Without, they have public addresses and let in the load balancer only."
  type        = bool
  default     = false
}

variable "price_class" {
  description = "Where CloudFront serves from: PriceClass_100 (America, Europe), PriceClass_200 or PriceClass_All."
  type        = string
  default     = "PriceClass_100"

  validation {
    condition     = contains(["PriceClass_100", "PriceClass_200", "PriceClass_All"], var.price_class)
    error_message = "price_class must be PriceClass_100, PriceClass_200 or PriceClass_All."
  }
}

# Size: see sizes/.

variable "architecture" {
  description = "Processor that the image was built for: X86_64 or ARM64."
  type        = string
  default     = "X86_64"

  validation {
    condition     = contains(["X86_64", "ARM64"], var.architecture)
    error_message = "architecture must be X86_64 or ARM64."
  }
}

variable "task_cpu" {
  description = "Processor of a task, in units of which 1024 are one."
  type        = number
  default     = 512

  validation {
    condition     = contains([256, 512, 1024, 2048, 4096, 8192, 16384], var.task_cpu)
    error_message = "task_cpu must be one of Fargate's: 256, 512, 1024, 2048, 4096, 8192 or 16384."
  }
}

variable "task_memory" {
  description = "Memory of a task in MiB; Fargate allows certain amounts for each task_cpu."
  type        = number
  default     = 1024

  validation {
    condition     = var.task_memory >= 512 && var.task_memory <= 122880 && floor(var.task_memory / 512) * 512 == var.task_memory
    error_message = "task_memory must be a multiple of 512 from 512 to 122880."
  }

  validation {
    condition = (
      var.task_memory >= (var.task_cpu == 16384 ? 32768 : var.task_cpu == 8192 ? 16384 : var.task_cpu * 2) &&
      var.task_memory <= (var.task_cpu == 256 ? 2048 : var.task_cpu == 512 ? 4096 : min(var.task_cpu * 8, 122880))
    )
    error_message = "task_memory must be 2 to 8 times task_cpu, as Fargate has it (32768 to 122880 with task_cpu 16384)."
  }
}

variable "processes" {
  description = "Server processes of a task (WEB_CONCURRENCY): one for each whole processor."
  type        = number
  default     = 1

  validation {
    condition     = var.processes >= 1 && var.processes <= 16 && floor(var.processes) == var.processes
    error_message = "processes must be a whole number from 1 to 16."
  }
}

variable "tasks_min" {
  description = "The fewest tasks that serve; 2 or more so that one may fail."
  type        = number
  default     = 2

  validation {
    condition     = var.tasks_min >= 1 && floor(var.tasks_min) == var.tasks_min
    error_message = "tasks_min must be a whole number from 1."
  }
}

variable "tasks_max" {
  description = "The most tasks that serve."
  type        = number
  default     = 4

  validation {
    condition     = var.tasks_max >= var.tasks_min && var.tasks_max <= 500 && floor(var.tasks_max) == var.tasks_max
    error_message = "tasks_max must be a whole number from tasks_min to 500."
  }
}

variable "connections_target" {
  description = "Sockets of a process, on average, that the number of tasks is kept at."
  type        = number
  default     = 4000

  validation {
    condition     = var.connections_target >= 1 && var.connections_target <= 60000
    error_message = "connections_target must be from 1 to 60000: a process has 65536 files, and some of them are not sockets."
  }
}

variable "cpu_target" {
  description = "Percent of the tasks' processors, on average, that the number of tasks is kept at."
  type        = number
  default     = 60

  validation {
    condition     = var.cpu_target >= 10 && var.cpu_target <= 90
    error_message = "cpu_target must be from 10 to 90."
  }
}

variable "database_class" {
  description = "RDS instance class."
  type        = string
  default     = "db.t4g.small"

  validation {
    condition     = can(regex("^db\\.[a-z0-9]+\\.[a-z0-9]+$", var.database_class))
    error_message = "database_class must look like db.t4g.small."
  }
}

variable "database_storage" {
  description = "Storage of the database in GiB, at first and at most; it grows by itself in between."
  type        = object({ first = number, most = number })
  default     = { first = 20, most = 100 }

  validation {
    condition     = var.database_storage.first >= 20 && var.database_storage.most >= var.database_storage.first * 1.1 && var.database_storage.most <= 65536
    error_message = "database_storage.first must be 20 or more, most at least a tenth above it and at most 65536."
  }
}

variable "database_multi_az" {
  description = "Whether a second database in another zone takes over when the first fails."
  type        = bool
  default     = true
}

variable "database_connections" {
  description = "The most connections of a process to the database (DATABASE_CONNECTIONS)."
  type        = number
  default     = 12

  validation {
    condition     = var.database_connections >= 2 && var.database_connections <= 100
    error_message = "database_connections must be from 2 to 100."
  }
}

variable "backup_days" {
  description = "For how many days the database can be taken back to any moment."
  type        = number
  default     = 7

  validation {
    condition     = var.backup_days >= 1 && var.backup_days <= 35
    error_message = "backup_days must be from 1 to 35."
  }
}

variable "cache_node" {
  description = "ElastiCache node type."
  type        = string
  default     = "cache.t4g.micro"

  validation {
    condition     = can(regex("^cache\\.[a-z0-9]+\\.[a-z0-9]+$", var.cache_node))
    error_message = "cache_node must look like cache.t4g.micro."
  }
}

variable "cache_nodes" {
  description = "Redis nodes; with 2 or more another takes over when the first fails."
  type        = number
  default     = 2

  validation {
    condition     = var.cache_nodes >= 1 && var.cache_nodes <= 6 && floor(var.cache_nodes) == var.cache_nodes
    error_message = "cache_nodes must be a whole number from 1 to 6."
  }
}

# People and settings.

variable "owner_email" {
  description = "Who owns this ChatScape: gets an account in the pool, in the group admins, and a mail from Cognito. Empty: put somebody into that group yourself."
  type        = string
  default     = ""

  validation {
    condition     = var.owner_email == "" || can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", var.owner_email))
    error_message = "owner_email must be an email address."
  }
}

variable "sign_up" {
  description = "Who may join: invited (people with an invitation) or open (anybody who makes an account in the pool)."
  type        = string
  default     = "invited"

  validation {
    condition     = contains(["invited", "open"], var.sign_up)
    error_message = "sign_up must be invited or open."
  }
}

variable "settings" {
  description = "More environment variables of the server, see docs/configuration.md; not for secrets."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.settings) : can(regex("^[A-Z][A-Z0-9_]*$", name))])
    error_message = "settings must have names like LOG_LEVEL."
  }

  validation {
    condition     = !anytrue([for name in keys(var.settings) : can(regex("SECRET|PASSWORD|TOKEN|PRIVATE|^(DATABASE|REDIS|EMAIL)_URL$", name))])
    error_message = "settings are not for secrets: put those into Secrets Manager and name them in secret_settings."
  }
}

variable "secret_settings" {
  description = "More environment variables of the server whose values are in Secrets Manager, such as EMAIL_URL: name and the secret's ARN, of one with several values with `:key::` behind it."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name, arn in var.secret_settings : can(regex("^[A-Z][A-Z0-9_]*$", name)) && can(regex("^arn:[a-z-]+:secretsmanager:[^:]+:[0-9]{12}:secret:[^*]+$", arn))])
    error_message = "secret_settings must have names like EMAIL_URL and ARNs of secrets."
  }
}

# Watching it.

variable "log_days" {
  description = "For how many days logs are kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_days)
    error_message = "log_days must be one of CloudWatch's: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545 or 731."
  }
}

variable "container_insights" {
  description = "Whether ECS measures each task (CloudWatch charges for it)."
  type        = bool
  default     = false
}

variable "alarm_email" {
  description = "Who is told of alarms and of the budget; they confirm it once by a link in a mail. Empty: nobody."
  type        = string
  default     = ""

  validation {
    condition     = var.alarm_email == "" || can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", var.alarm_email))
    error_message = "alarm_email must be an email address."
  }
}

variable "budget_usd" {
  description = "What a month may cost, in US dollars; 0 is no budget."
  type        = number
  default     = 150

  validation {
    condition     = var.budget_usd >= 0
    error_message = "budget_usd must be 0 or more."
  }
}

variable "budget_of" {
  description = "What the budget counts: account (everything in it) or environment (by the tag Environment, once it is activated as a cost allocation tag)."
  type        = string
  default     = "account"

  validation {
    condition     = contains(["account", "environment"], var.budget_of)
    error_message = "budget_of must be account or environment."
  }
}

# Continuous integration.

variable "github_repository" {
  description = "owner/name of the GitHub repository whose workflows may release; empty: none."
  type        = string
  default     = ""

  validation {
    condition     = var.github_repository == "" || can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.github_repository))
    error_message = "github_repository must look like owner/name."
  }
}

variable "github_provider_arn" {
  description = "ARN of the account's OpenID Connect provider for GitHub, of which there can be one only; empty: it is made here."
  type        = string
  default     = ""

  validation {
    condition     = var.github_provider_arn == "" || can(regex("^arn:[a-z-]+:iam::[0-9]{12}:oidc-provider/token.actions.githubusercontent.com$", var.github_provider_arn))
    error_message = "github_provider_arn must be the ARN of an oidc-provider/token.actions.githubusercontent.com."
  }
}
