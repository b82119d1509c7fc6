// Hashed files are in the bucket three times: as they are, with gzip and with brotli, see docs/aws.md.
function takes(accepted, coding) {
  return accepted.toLowerCase().split(',').some((part) => {
    const [name, quality] = part.split(/;\s*q=/);
    return name.trim() === coding && !(quality !== undefined && Number(quality) === 0);
  });
}

function handler(event) {
  const request = event.request;
  const header = request.headers['accept-encoding'];
  const accepted = header ? header.value : '';
  if (/\.(css|js|json|map|md|mjs|svg|txt|xml)$/.test(request.uri)) {
    if (takes(accepted, 'br')) request.uri += '.br';
    else if (takes(accepted, 'gzip')) request.uri += '.gz';
  }
  return request;
}
