locals {
  balancer = { LoadBalancer = aws_lb.front.arn_suffix }
  targets  = { LoadBalancer = aws_lb.front.arn_suffix, TargetGroup = aws_lb_target_group.web.arn_suffix }
  service  = { ClusterName = aws_ecs_cluster.main.name, ServiceName = local.name }
  database = { DBInstanceIdentifier = aws_db_instance.main.identifier }

  # What is wrong when the statistic is above `over` (or below `under`) for `minutes`.
  alarms = merge(
    {
      server-errors    = { about = "The server answers 5xx", namespace = "AWS/ApplicationELB", metric = "HTTPCode_Target_5XX_Count", of = local.targets, statistic = "Sum", over = 20, minutes = 5 }
      balancer-errors  = { about = "The load balancer answers 5xx", namespace = "AWS/ApplicationELB", metric = "HTTPCode_ELB_5XX_Count", of = local.balancer, statistic = "Sum", over = 20, minutes = 5 }
      unhealthy        = { about = "Tasks are not ready", namespace = "AWS/ApplicationELB", metric = "UnHealthyHostCount", of = local.targets, statistic = "Maximum", over = 0, minutes = 5 }
      slow             = { about = "Answers take long", namespace = "AWS/ApplicationELB", metric = "TargetResponseTime", of = local.targets, statistic = "Average", over = 2, minutes = 15 }
      tasks-cpu        = { about = "Tasks are busy, though there should be more of them by now", namespace = "AWS/ECS", metric = "CPUUtilization", of = local.service, statistic = "Average", over = 85, minutes = 15 }
      tasks-memory     = { about = "Tasks are short of memory", namespace = "AWS/ECS", metric = "MemoryUtilization", of = local.service, statistic = "Maximum", over = 85, minutes = 5 }
      connections      = { about = "A process is nearly full of sockets", namespace = local.metric_namespace, metric = "Connections", of = { Service = local.name }, statistic = "Maximum", over = floor(local.files * 0.9), minutes = 5 }
      database-cpu     = { about = "The database is busy", namespace = "AWS/RDS", metric = "CPUUtilization", of = local.database, statistic = "Average", over = 80, minutes = 15 }
      database-storage = { about = "The database is nearly full", namespace = "AWS/RDS", metric = "FreeStorageSpace", of = local.database, statistic = "Minimum", under = 2 * 1024 * 1024 * 1024, minutes = 15 }
      database-memory  = { about = "The database is short of memory", namespace = "AWS/RDS", metric = "FreeableMemory", of = local.database, statistic = "Average", under = 128 * 1024 * 1024, minutes = 15 }
      database-connections = {
        about     = "The database has nearly all connections that all processes together may have"
        namespace = "AWS/RDS", metric = "DatabaseConnections", of = local.database, statistic = "Maximum", minutes = 5
        over      = floor(0.9 * var.database_connections * var.processes * var.tasks_max)
      }
    },
    merge([
      for number in range(var.cache_nodes) : {
        for name, alarm in {
          memory    = { about = "Redis is nearly full", metric = "DatabaseMemoryUsagePercentage", statistic = "Maximum", over = 80, minutes = 5 }
          cpu       = { about = "Redis is busy", metric = "EngineCPUUtilization", statistic = "Average", over = 80, minutes = 15 }
          evictions = { about = "Redis throws away what it has no room for", metric = "Evictions", statistic = "Sum", over = 0, minutes = 5 }
          } : "cache-${name}-${number + 1}" => merge(alarm, {
            namespace = "AWS/ElastiCache"
            of        = { CacheClusterId = format("%s-%03d", local.name, number + 1) }
        })
      }
    ]...),
  )
}

resource "aws_sns_topic" "alarms" {
  name              = "${local.name}-alarms"
  kms_master_key_id = aws_kms_key.main.id
}

resource "aws_sns_topic_subscription" "alarms" {
  for_each = toset(var.alarm_email == "" ? [] : [var.alarm_email])

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.key
}

resource "aws_cloudwatch_metric_alarm" "each" {
  for_each = local.alarms

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = each.value.about
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.of
  statistic           = each.value.statistic
  comparison_operator = can(each.value.under) ? "LessThanThreshold" : "GreaterThanThreshold"
  threshold           = try(each.value.under, each.value.over)
  period              = 60
  evaluation_periods  = each.value.minutes
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# CloudFront's metrics, and so their alarm and its topic, are in us-east-1.
resource "aws_sns_topic" "edge" {
  provider = aws.us_east_1

  name              = "${local.name}-edge-alarms"
  kms_master_key_id = aws_kms_key.edge.id
}

resource "aws_sns_topic_subscription" "edge" {
  for_each = toset(var.alarm_email == "" ? [] : [var.alarm_email])
  provider = aws.us_east_1

  topic_arn = aws_sns_topic.edge.arn
  protocol  = "email"
  endpoint  = each.key
}

resource "aws_cloudwatch_metric_alarm" "edge" {
  provider = aws.us_east_1

  alarm_name          = "${local.name}-edge-errors"
  alarm_description   = "CloudFront answers 5xx (percent of requests)"
  namespace           = "AWS/CloudFront"
  metric_name         = "5xxErrorRate"
  dimensions          = { DistributionId = aws_cloudfront_distribution.front.id, Region = "Global" }
  statistic           = "Average"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 5
  period              = 60
  evaluation_periods  = 5
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.edge.arn]
  ok_actions          = [aws_sns_topic.edge.arn]
}
