resource "aws_budgets_budget" "month" {
  for_each = toset(var.budget_usd > 0 && var.alarm_email != "" ? ["month"] : [])

  name         = local.name
  budget_type  = "COST"
  limit_amount = format("%.2f", var.budget_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  dynamic "cost_filter" {
    for_each = toset(var.budget_of == "environment" ? ["user:Environment$${var.environment}"] : [])

    content {
      name   = "TagKeyValue"
      values = [cost_filter.key]
    }
  }

  dynamic "notification" {
    for_each = {
      most       = { type = "ACTUAL", percent = 80 }
      all        = { type = "ACTUAL", percent = 100 }
      forecasted = { type = "FORECASTED", percent = 100 }
    }

    content {
      notification_type          = notification.value.type
      comparison_operator        = "GREATER_THAN"
      threshold                  = notification.value.percent
      threshold_type             = "PERCENTAGE"
      subscriber_email_addresses = [var.alarm_email]
    }
  }
}
