from tests.cloudbench.scenes import ACCOUNT, Aws, Expected, Verdicts, on_moto


@on_moto()
def buses_with_and_without_policy(aws: Aws) -> Verdicts:
    events = aws("events")
    for name in ("guarded", "bare"):
        events.create_event_bus(Name=name)
    events.put_permission(EventBusName="guarded", Action="events:PutEvents", Principal=ACCOUNT, StatementId="own")
    return {"eventbridge_bus_resource_policy": Expected(good=["guarded"], bad=["bare"])}
