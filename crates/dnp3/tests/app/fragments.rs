//! The headers of fragments, and control octets that do not go with the function.

use gridos_dnp3::app::{ControlError, FragmentError, Function, Request, Response};

fn response(control: u8, function: u8) -> Result<(), ControlError> {
    Response::parse(&[control, function, 0, 0]).unwrap().check()
}

fn request(control: u8, function: u8) -> Result<(), ControlError> {
    Request::parse(&[control, function]).unwrap().check()
}

#[test]
fn short_fragments_are_none() {
    assert_eq!(Request::parse(&[]), Err(FragmentError::Short { length: 0 }));
    assert_eq!(
        Request::parse(&[0xc0]),
        Err(FragmentError::Short { length: 1 })
    );
    for length in 0..4 {
        let fragment = &[0xc0, 0x81, 0, 0][..length];
        assert_eq!(
            Response::parse(fragment),
            Err(FragmentError::Short { length })
        );
    }
}

#[test]
fn unknown_functions_are_named() {
    assert_eq!(
        Request::parse(&[0xc0, 0x22, 1, 2]),
        Err(FragmentError::Function { code: 0x22 })
    );
    assert_eq!(
        Response::parse(&[0xc0, 0x84, 0, 0]),
        Err(FragmentError::Function { code: 0x84 })
    );
}

/// A master that listens must not take orders, and an outstation no answers.
#[test]
fn fragments_of_the_wrong_side_are_refused() {
    let wrong = |function| FragmentError::Direction { function };
    assert_eq!(
        Response::parse(&[0xc0, 0x00]),
        Err(wrong(Function::Confirm))
    );
    assert_eq!(
        Response::parse(&[0xc0, 0x05, 0, 0]),
        Err(wrong(Function::DirectOperate))
    );
    assert_eq!(
        Request::parse(&[0xc0, 0x82, 0, 0]).unwrap_err().to_string(),
        "UNSOLICITED_RESPONSE comes from the wrong side"
    );
}

#[test]
fn responses_do_not_call_themselves_unsolicited() {
    for control in [0xc0, 0xe0, 0x80, 0x40, 0x00, 0x25] {
        assert_eq!(response(control, 0x81), Ok(()));
        assert_eq!(
            response(control | 0x10, 0x81),
            Err(ControlError::SolicitedWithUns)
        );
    }
}

#[test]
fn unsolicited_responses_say_so_and_ask_for_a_confirm() {
    for parts in [0xc0, 0x80, 0x40, 0x00] {
        assert_eq!(response(parts | 0x30, 0x82), Ok(()));
        assert_eq!(
            response(parts | 0x20, 0x82),
            Err(ControlError::UnsolicitedWithoutUns)
        );
        assert_eq!(
            response(parts | 0x10, 0x82),
            Err(ControlError::UnsolicitedWithoutCon)
        );
    }
}

#[test]
fn authentication_answers_either_way() {
    assert_eq!(response(0xc0, 0x83), Ok(()));
    assert_eq!(response(0xf0, 0x83), Ok(()));
}

#[test]
fn requests_are_one_fragment_and_ask_for_nothing() {
    assert_eq!(request(0xc3, 0x01), Ok(()));
    assert_eq!(request(0x83, 0x01), Err(ControlError::RequestInParts));
    assert_eq!(request(0x43, 0x01), Err(ControlError::RequestInParts));
    assert_eq!(request(0xe3, 0x01), Err(ControlError::RequestWithCon));
    assert_eq!(request(0xd3, 0x01), Err(ControlError::RequestWithUns));
}

#[test]
fn confirms_may_be_of_either_kind() {
    assert_eq!(request(0xc3, 0x00), Ok(()));
    assert_eq!(request(0xd3, 0x00), Ok(()));
    assert_eq!(request(0xf3, 0x00), Err(ControlError::RequestWithCon));
    assert_eq!(request(0x93, 0x00), Err(ControlError::RequestInParts));
}

#[test]
fn the_rest_is_what_stands_behind() {
    let fragment = [0xc0, 0x81, 0, 0, 1, 2, 3];
    let response = Response::parse(&fragment).unwrap();
    assert_eq!(response.rest(5), [2, 3]);
    assert_eq!(response.rest(7), []);
    assert_eq!(response.rest(99), []);
    assert_eq!(response.octets(), fragment);
}
