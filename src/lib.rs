//! The executable specification of Flask's session lifetime.
