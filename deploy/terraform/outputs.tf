# What deploy/cloud and the commands of the app are told.

output "url" {
  description = "Where people reach it."
  value       = local.public_url
}

output "region" {
  description = "Region of everything that is not global."
  value       = var.region
}

output "bucket" {
  description = "Bucket of static files (AWS_S3_BUCKET)."
  value       = aws_s3_bucket.static.id
}

output "distribution" {
  description = "CloudFront distribution (AWS_CLOUDFRONT_DISTRIBUTION)."
  value       = aws_cloudfront_distribution.front.id
}

output "ecr_repository" {
  description = "Repository that images are pushed to, without a tag."
  value       = aws_ecr_repository.app.repository_url
}

output "architecture" {
  description = "Processor that images are built for."
  value       = var.architecture
}

output "image_tag" {
  description = "Tag of the image that serves; empty before the first."
  value       = var.image_tag
}

output "cluster" {
  description = "ECS cluster."
  value       = aws_ecs_cluster.main.name
}

output "service" {
  description = "ECS service; there is one as soon as there is an image_tag."
  value       = local.name
}

output "migrate_task" {
  description = "Family of the task definition for one-off commands: migrate, or another by an override of the command."
  value       = aws_ecs_task_definition.each["migrate"].family
}

output "container" {
  description = "Name of the container in all task definitions, for overrides."
  value       = "chatscape"
}

output "subnets" {
  description = "Subnets that tasks run in."
  value       = local.task_subnets
}

output "security_groups" {
  description = "Security groups of tasks."
  value       = [aws_security_group.each["service"].id]
}

output "assign_public_ip" {
  description = "Whether tasks need a public address: ENABLED or DISABLED."
  value       = var.nat_gateway ? "DISABLED" : "ENABLED"
}

output "environment" {
  description = "What the server is told that is no secret; static files are exported with the same."
  value       = local.environment
}

output "oidc_issuer" {
  description = "Issuer of the user pool (OIDC_ISSUER)."
  value       = local.oidc_issuer
}

output "oidc_client_id" {
  description = "Client in the user pool (OIDC_CLIENT_ID)."
  value       = aws_cognito_user_pool_client.web.id
}

output "user_pool" {
  description = "Id of the user pool."
  value       = aws_cognito_user_pool.people.id
}

output "log_group" {
  description = "Log group of the tasks."
  value       = aws_cloudwatch_log_group.each["app"].name
}

output "github_roles" {
  description = "Roles of the repository's workflows: plan and release."
  value       = { for key, role in aws_iam_role.workflows : key => role.arn }
}
