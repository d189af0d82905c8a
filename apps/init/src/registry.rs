//! Which name belongs to which endpoint: a bounded table, without system calls.

use zos_process::abi::{MAX_NAME, PID_PERMISSION};

const MAX_SERVICES: usize = 256;
const MAX_SERVICES_A_PROCESS: usize = 16;

/// Names that only one process may register: others could pose as it.
const RESERVED: [(&str, u32); 2] = [("permission", PID_PERMISSION), ("permission_manager", PID_PERMISSION)];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    pub name: String,
    /// The process that registered it, as the kernel named it.
    pub owner: u32,
    pub endpoint_id: u64,
    /// Where init holds the capability it may grant from; without one nobody gets access.
    pub slot: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    Name,
    Reserved,
    Taken,
    Full,
}

#[derive(Default)]
pub struct Registry {
    services: Vec<Service>,
}

impl Registry {
    pub fn find(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }

    pub fn retain(&mut self, is_alive: impl FnMut(&Service) -> bool) {
        self.services.retain(is_alive);
    }

    /// Adds a service. A process may register its own name again; the former entry is returned.
    pub fn insert(&mut self, service: Service) -> Result<Option<Service>, Refused> {
        if !is_name(&service.name) {
            return Err(Refused::Name);
        }
        if RESERVED.iter().any(|(name, pid)| *name == service.name && *pid != service.owner) {
            return Err(Refused::Reserved);
        }
        if let Some(former) = self.services.iter_mut().find(|known| known.name == service.name) {
            if former.owner != service.owner {
                return Err(Refused::Taken);
            }
            return Ok(Some(core::mem::replace(former, service)));
        }
        let of_owner = self.services.iter().filter(|known| known.owner == service.owner).count();
        if of_owner >= MAX_SERVICES_A_PROCESS || self.services.len() >= MAX_SERVICES {
            return Err(Refused::Full);
        }
        self.services.push(service);
        Ok(None)
    }
}

/// 1 to 64 bytes without control characters.
pub fn is_name(name: &str) -> bool {
    (1..=MAX_NAME as usize).contains(&name.len()) && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str, owner: u32) -> Service {
        Service { name: name.to_owned(), owner, endpoint_id: 10, slot: Some(5) }
    }

    #[test]
    fn a_name_belongs_to_who_came_first() {
        let mut registry = Registry::default();
        assert_eq!(registry.insert(service("echo", 7)), Ok(None));
        assert_eq!(registry.insert(service("echo", 8)), Err(Refused::Taken));
        assert_eq!(registry.insert(service("echo", 7)), Ok(Some(service("echo", 7))));
        registry.retain(|known| known.owner != 7);
        assert_eq!(registry.insert(service("echo", 8)), Ok(None));
    }

    #[test]
    fn nobody_else_is_the_permission_service() {
        let mut registry = Registry::default();
        assert_eq!(registry.insert(service("permission", 9)), Err(Refused::Reserved));
        assert_eq!(registry.insert(service("permission", PID_PERMISSION)), Ok(None));
    }

    #[test]
    fn tables_are_bounded() {
        let mut registry = Registry::default();
        for owner in 10..26 {
            for index in 0..MAX_SERVICES_A_PROCESS {
                assert_eq!(registry.insert(service(&format!("{}-{}", owner, index), owner)), Ok(None));
            }
            assert_eq!(registry.insert(service("one more", owner)), Err(Refused::Full));
        }
        assert_eq!(registry.insert(service("one more", 99)), Err(Refused::Full));
    }

    #[test]
    fn names_are_short_and_printable() {
        let mut registry = Registry::default();
        for name in ["", "a\nb", "a\u{7f}", &"x".repeat(65)] {
            assert_eq!(registry.insert(service(name, 7)), Err(Refused::Name));
        }
    }
}
