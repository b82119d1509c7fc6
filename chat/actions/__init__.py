"""What people do: one plain function for each intent, the same for forms, sockets and commands."""
