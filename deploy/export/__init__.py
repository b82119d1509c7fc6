"""Static files to S3 and CloudFront: what is exported, what changes, and how it gets there."""
