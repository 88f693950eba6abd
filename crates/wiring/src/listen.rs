//! Listening.

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr, TcpListener},
};

use runtime::{Env, config::error};

use crate::Error;

/// Listens where the variables say.
pub fn listen(env: &Env, port: u16) -> Result<TcpListener, Error> {
    for variable in ["TLS_CERT_FILE", "TLS_KEY_FILE"] {
        if env.is_set(variable) {
            let problem = "TLS is not part of this version; unset it and put a TLS proxy in front";
            return Err(error(variable, problem, "").into());
        }
    }
    let address: IpAddr = env.or("BIND_ADDRESS", "0.0.0.0")?;
    let address = SocketAddr::new(address, port);
    let listen = || {
        let listener = TcpListener::bind(address)?;
        // For whichever runtime it is handed to.
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    listen().map_err(|e: io::Error| {
        Error::new(match e.kind() {
            ErrorKind::AddrInUse => format!(
                "port {port} is taken by another program. Stop it, or choose another port (see --help)."
            ),
            ErrorKind::PermissionDenied => format!("port {port} needs more rights. Choose one above 1023."),
            _ => format!("cannot listen on {address}: {e}"),
        })
    })
}
