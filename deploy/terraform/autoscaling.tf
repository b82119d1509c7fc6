locals {
  # Scaling in ends sockets, which come back elsewhere: seldom, and not for a short lull.
  scaling = {
    cpu         = { target = var.cpu_target }
    connections = { target = var.connections_target }
  }
  policies = { for pair in setproduct(local.serving, keys(local.scaling)) : pair[1] => local.scaling[pair[1]] }
}

resource "aws_appautoscaling_target" "web" {
  for_each = aws_ecs_service.web

  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${aws_ecs_cluster.main.name}/${each.value.name}"
  min_capacity       = var.tasks_min
  max_capacity       = var.tasks_max
}

resource "aws_appautoscaling_policy" "web" {
  for_each = local.policies

  name               = "${local.name}-${each.key}"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.web["web"].service_namespace
  scalable_dimension = aws_appautoscaling_target.web["web"].scalable_dimension
  resource_id        = aws_appautoscaling_target.web["web"].resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = each.value.target
    scale_out_cooldown = 60
    scale_in_cooldown  = 600

    dynamic "predefined_metric_specification" {
      for_each = toset(each.key == "cpu" ? ["ECSServiceAverageCPUUtilization"] : [])

      content {
        predefined_metric_type = predefined_metric_specification.key
      }
    }

    # Each process writes it to its log every minute (METRICS_LOG_NAMESPACE); the average is of a process.
    dynamic "customized_metric_specification" {
      for_each = toset(each.key == "connections" ? ["Connections"] : [])

      content {
        namespace   = local.metric_namespace
        metric_name = customized_metric_specification.key
        statistic   = "Average"
        unit        = "Count"

        dimensions {
          name  = "Service"
          value = local.name
        }
      }
    }
  }
}
