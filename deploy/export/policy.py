"""Headers of what comes from the bucket: deploy/terraform has CloudFront send them, as no view makes them."""

# Of hashed files: what the app sends with the same files.
STATIC = "default-src 'none'; frame-ancestors 'none'"
# Of the worker, the manifest, the configuration and the offline page, which has neither script nor nonce.
# The worker fetches the shell: `connect-src`.
PAGES = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
